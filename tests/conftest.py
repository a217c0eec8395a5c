"""Real photos as files, and a cache folder that is not the user's."""

import shutil

import pytest
import skimage.data
from PIL import Image

import dedup

PHOTOS = ("astronaut", "camera", "chelsea", "coffee", "coins", "rocket")


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory, monkeypatch):
    """The cache folder of one test, of the commands that it starts too."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setattr("dedup._find.user_cache_path", lambda *_, **__: folder)
    monkeypatch.setattr("dedup._demo.user_cache_path", lambda *_, **__: folder)
    return folder


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


@pytest.fixture
def folder(tmp_path, photos):
    """A new folder of six distinct photos, half of them JPEG and half PNG."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, (name, photo) in enumerate(photos.items()):
        photo.save(folder / f"{name}.{('jpg', 'png')[number % 2]}")
    return folder


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
