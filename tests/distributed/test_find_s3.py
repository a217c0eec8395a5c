"""`dedup.distributed.find` on object storage: images and the work folder, and no secret shown."""

import io
from pathlib import Path

import pytest
from PIL import Image
from stored import assert_same

import dedup
from dedup import distributed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def storage(object_storage):
    """A server that speaks S3 on loopback."""
    fsspec = pytest.importorskip("fsspec")
    pytest.importorskip("s3fs")
    server_of = pytest.importorskip("moto.server")
    port = int(object_storage["AWS_ENDPOINT_URL"].rpartition(":")[2])
    running = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    running.start()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in object_storage.items():
            environment.setenv(name, value)
        system = fsspec.filesystem("s3")
        system.mkdir("photos")
        system.mkdir("job")
        yield system
    running.stop()


def encoded(image, quality=90):
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return data.getvalue()


@pytest.mark.usefixtures("cluster")
def test_images_and_work_in_object_storage(storage, object_storage, uri, photos, capfd):
    import ray

    secret = object_storage["AWS_SECRET_ACCESS_KEY"]
    for name, photo in photos.items():
        storage.pipe(f"photos/{name}.jpg", encoded(photo))
    storage.pipe("photos/in/coffee-small.jpg", encoded(photos["coffee"].resize((200, 133))))
    storage.pipe("photos/in/coins.jpg", encoded(photos["coins"]))
    storage.pipe("photos/notes.txt", b"no image")
    local = dedup.find_duplicates("s3://photos", method="phash", cache=False)
    stored = distributed.find(
        "s3://photos", work="s3://job/work", index=uri, method="phash", workers=2, part=4
    )
    assert_same(stored, local)
    assert len(stored.groups) == 4
    assert_same(distributed.load("s3://job/work"), local)
    files = storage.find("job/work")
    assert len(files) > 20
    assert not any(secret.encode() in storage.cat_file(file) for file in files)
    logs = Path(ray._private.worker._global_node.get_session_dir_path(), "logs")
    assert not any(secret.encode() in log.read_bytes() for log in logs.rglob("*") if log.is_file())
    assert secret not in "".join(capfd.readouterr())
    assert secret not in repr(stored)
    with Image.open(io.BytesIO(storage.cat_file("photos/coffee.jpg"))) as image:
        assert image.size == photos["coffee"].size  # left alone
