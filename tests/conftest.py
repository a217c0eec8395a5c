"""Real photos as files, and a cache folder that is not the user's."""

import os
import shutil
import sys
from dataclasses import dataclass

import milvus_server
import pytest
import remembered
import skimage.data
from hypothesis import settings
from PIL import Image
from pymilvus import MilvusClient

import dedup
from dedup._verification.coverage import cover
from dedup.pipelines.models.openvino_engine import OpenVinoEngine

EXIT = pytest.StashKey[int]()
SERVER = pytest.StashKey[milvus_server.Server]()
settings.register_profile("busy", deadline=None)  # no law is about time
settings.load_profile("busy")
PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "coins", "rocket")
# Hundreds of processes are started; without bytecode each takes four seconds more to import.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory, monkeypatch):
    """The cache folder of one test, of the commands that it starts too."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_CACHE_HOME", str(home))
    folder = home / "dedup"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session", autouse=True)
def seen_once():
    """Each picture is embedded, and what two show of each other measured, once in a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OpenVinoEngine, "__call__", remembered.remembered_vectors)
        patch.setattr(cover, "coverage_of", remembered.remembered_coverage)
        yield


@pytest.fixture
def seen_anew(monkeypatch):
    """Nothing is known of other tests: for what is said of networks, and of many runs."""
    monkeypatch.setattr(OpenVinoEngine, "__call__", remembered.embed)
    monkeypatch.setattr(cover, "coverage_of", remembered.coverage_of)


@pytest.fixture
def cores(monkeypatch):
    """Makes it seem that this process may use so many processor cores."""

    def seem(count):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(count)), raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: count)

    return seem


@pytest.fixture(scope="session")
def photos():
    """Distinct photos by name: RGB, about 300 pixels wide."""
    images = {name: Image.fromarray(getattr(skimage.data, name)()) for name in PHOTOS}
    return {
        name: image.convert("RGB").resize((300, round(300 * image.height / image.width)))
        for name, image in images.items()
    }


@pytest.fixture(scope="session")
def spare_photo():
    """A photo that is none of `photos`."""
    return Image.fromarray(skimage.data.moon()).convert("RGB").resize((300, 300))


@pytest.fixture(scope="session")
def encoded_photos(tmp_path_factory, photos):
    """The files of `folder`, which are encoded once."""
    folder = tmp_path_factory.mktemp("encoded") / "photos"  # as others may read it
    folder.mkdir()
    for number, (name, photo) in enumerate(photos.items()):
        photo.save(folder / f"{name}.{('jpg', 'png')[number % 2]}")
    return folder


@pytest.fixture
def folder(tmp_path, encoded_photos):
    """A new folder of six distinct photos, half of them JPEG and half PNG."""
    return shutil.copytree(encoded_photos, tmp_path / "photos", copy_function=shutil.copy)


@pytest.fixture
def index(tmp_path):
    """A new index in a Milvus Lite file."""
    with dedup.ImageIndex(tmp_path / "index.db") as index:
        yield index


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory):
    """Two photos, one with four copies and one with two: what the docstrings' examples use."""
    folder = tmp_path_factory.mktemp("sample") / "photos"
    folder.mkdir()
    chelsea = Image.fromarray(skimage.data.chelsea())
    chelsea.save(folder / "chelsea.png")
    shutil.copy(folder / "chelsea.png", folder / "chelsea (1).png")
    chelsea.save(folder / "chelsea.bmp")
    chelsea.resize((225, 150)).save(folder / "chelsea-half.jpg")
    chelsea.save(folder / "chelsea-40.jpg", quality=40)
    coffee = Image.fromarray(skimage.data.coffee())
    coffee.save(folder / "coffee.jpg")
    coffee.resize((300, 200)).save(folder / "coffee-small.jpg")
    coffee.convert("L").save(folder / "coffee-grey.jpg")
    return folder


@pytest.fixture(scope="session")
def many_photos(tmp_path_factory):
    """A folder of thirty pictures that all differ: two or more parts of each photo."""
    folder = tmp_path_factory.mktemp("many") / "photos"
    folder.mkdir()
    names = [*PHOTOS, "moon", "retina", "hubble_deep_field", "immunohistochemistry"]
    for name in names:
        photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
        width = photo.width // 3
        for part in range(3):
            left = part * width
            crop = photo.crop((left, 0, left + width, photo.height))
            crop.save(folder / f"{name}-{part}.png", compress_level=1)
    return folder


@pytest.fixture
def server(pytestconfig, tmp_path_factory):
    """A real Milvus server, with authorization; the next test that needs one has it too."""
    if reason := milvus_server.why_not():
        pytest.skip(reason)
    if SERVER not in pytestconfig.stash:
        running = milvus_server.Server(tmp_path_factory.mktemp("milvus"))
        running.start()
        pytestconfig.stash[SERVER] = running
    return pytestconfig.stash[SERVER]


def stop_server(config):
    """Stop it where the next test needs none: it works for itself, too."""
    if SERVER in config.stash:
        config.stash[SERVER].stop()
        del config.stash[SERVER]


@pytest.hookimpl(trylast=True)  # after what the test's own fixtures clear up
def pytest_runtest_teardown(item, nextitem):
    if nextitem is None or not nextitem.get_closest_marker("server"):
        stop_server(item.config)


@dataclass(frozen=True)
class Store:
    """Where collections can be made: what `dedup` takes as `uri` and `token`."""

    kind: str
    uri: str
    token: str = ""


@pytest.fixture(params=["lite", "server"])
def store(request, tmp_path):
    """A new Milvus Lite file, and a server without collections."""
    if request.param == "lite":
        yield Store("lite", str(tmp_path / "store.db"))
        return
    running = request.getfixturevalue("server")
    yield Store("server", running.uri, running.token)
    client = MilvusClient(running.uri, token=running.token)
    for name in client.list_collections():
        client.drop_collection(name)
    client.close()


# What a test needs shows in its fixtures.
NEEDED = {"server": "server", "own_server": "server", "chromium": "browser", "lab": "browser"}


NOT_QUICK = ("browser", "kill", "notebook", "server", "slow", "thorough")


@pytest.hookimpl(tryfirst=True)  # before those are left out that were not asked for
def pytest_collection_modifyitems(items):
    for item in items:
        stores = item.callspec.params.get("store") if hasattr(item, "callspec") else None
        names = {*item.fixturenames, stores}
        for marker in {NEEDED[name] for name in names & NEEDED.keys()}:
            item.add_marker(marker)
        if not any(item.get_closest_marker(name) for name in NOT_QUICK):
            item.add_marker("quick")
    # So that one server is started, and others work while it is waited for.
    items.sort(key=lambda item: item.get_closest_marker("server") is None)


def pytest_sessionfinish(session, exitstatus):
    stop_server(session.config)
    session.config.stash[EXIT] = int(exitstatus)


def pytest_unconfigure(config):
    """End at once: a client whose server was killed on purpose may wait for it minutes long."""
    if EXIT in config.stash:
        config.get_terminal_writer().flush()  # the summary
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[EXIT])
