"""`dedup.distributed.find` on object storage: images and the work folder, and no secret shown."""

import io
from pathlib import Path

import pytest
from PIL import Image
from stored import assert_same

import dedup
from dedup import distributed

ray = pytest.importorskip("ray")
fsspec = pytest.importorskip("fsspec")
pytest.importorskip("s3fs")
server_of = pytest.importorskip("moto.server")
pytestmark = pytest.mark.slow

SECRET = "a-secret-of-object-storage"


@pytest.fixture(scope="module")
def storage():
    """A server that speaks S3 on loopback; where it is, and who may read, is in the environment."""
    running = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        environment.setenv("AWS_ACCESS_KEY_ID", "someone")
        environment.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        system = fsspec.filesystem("s3")
        system.mkdir("photos")
        system.mkdir("job")
        yield system
    running.stop()


@pytest.fixture
def nodes(storage):
    """A Ray whose processes have this environment."""
    context = ray.init(
        address="local", num_cpus=2, object_store_memory=80 * 2**20, include_dashboard=False,
        log_to_driver=False, logging_level="ERROR",
    )  # fmt: skip
    yield context
    ray.shutdown()


def encoded(image, quality=90):
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return data.getvalue()


def test_images_and_work_in_object_storage(storage, nodes, uri, photos, capfd):
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
    assert not any(SECRET.encode() in storage.cat_file(file) for file in files)
    logs = Path(nodes.address_info["session_dir"], "logs")
    assert not any(SECRET.encode() in log.read_bytes() for log in logs.rglob("*") if log.is_file())
    assert SECRET not in "".join(capfd.readouterr())
    assert SECRET not in repr(stored)
    with Image.open(io.BytesIO(storage.cat_file("photos/coffee.jpg"))) as image:
        assert image.size == photos["coffee"].size  # left alone
