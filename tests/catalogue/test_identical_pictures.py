"""Each distinct picture is embedded once, whatever its files are called and however stored."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import dedup


def pictures(found):
    """Groups of exact copies as sets of file names."""
    pairs = found.pairs
    assert set(pairs["relation"]) <= {"exact", "near"}
    groups = {}
    for pair in pairs[pairs["relation"] == "exact"].itertuples():
        groups.setdefault(pair.a, {pair.a}).add(pair.b)
    return {frozenset(path.rsplit("/", 1)[-1] for path in group) for group in groups.values()}


def test_renamed_copy_is_not_embedded_again(index, folder):
    shutil.copy(folder / "coffee.png", folder / "renamed")
    added = index.add(folder)
    assert (added.embedded, added.copies) == (6, 1)
    assert pictures(index.duplicates()) == {frozenset({"coffee.png", "renamed"})}


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp"])
def test_lossless_copy_of_a_jpeg_is_the_same_picture(index, folder, suffix):
    with Image.open(folder / "chelsea.jpg") as image:
        image.save(folder / f"copy.{suffix}", **({"lossless": True} if suffix == "webp" else {}))
    added = index.add(folder)
    assert (added.embedded, added.copies) == (6, 1)
    assert pictures(index.duplicates()) == {frozenset({"chelsea.jpg", f"copy.{suffix}"})}


def test_jpeg_with_edited_metadata_is_the_same_picture(index, folder):
    data = (folder / "chelsea.jpg").read_bytes()
    comment = b"\xff\xfe\x00\x0emy comment.."
    (folder / "commented.jpg").write_bytes(data[:2] + comment + data[2:])
    added = index.add(folder)
    assert (added.embedded, added.copies) == (6, 1)


def test_turned_jpeg_is_the_same_picture_if_exif_turns_it_back(index, folder, photos):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = photos["coffee"].transpose(Image.Transpose.ROTATE_90)
    turned.save(folder / "turned.png", exif=exif)
    assert index.add(folder).copies == 1


def test_picture_in_memory_is_that_of_its_file(index, folder):
    index.add(folder)
    with Image.open(folder / "coffee.png") as image:
        added = index.add([image, np.asarray(image)])
    assert (added.embedded, added.copies) == (0, 2)


def test_recompressed_and_resized_copies_are_embedded(index, folder, photos):
    photos["chelsea"].save(folder / "quality-40.jpg", quality=40)
    photos["chelsea"].resize((150, 100)).save(folder / "small.png")
    added = index.add(folder)
    assert (added.embedded, added.copies) == (8, 0)
    assert pictures(index.duplicates()) == set()


def test_shots_of_one_size_that_hardly_differ_are_not_the_same(index, folder, photos):
    burst = np.array(photos["rocket"])
    for shot in range(3):
        burst[5, 5 + shot] ^= 1  # one bit of one pixel
        Image.fromarray(burst).save(folder / f"shot-{shot}.png")
    assert index.add(folder).copies == 0


def test_flat_pictures_of_one_brightness_but_other_colours_are_not_the_same(index, tmp_path):
    for name, colour in (("red", (76, 0, 0)), ("blue", (0, 0, 200)), ("grey", (23, 23, 23))):
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{name}.png")
    assert index.add(f"{tmp_path}/*.png").embedded == 3


@pytest.fixture(scope="module")
def mixed(tmp_path_factory, photos):
    """Nine files of four pictures."""
    folder = tmp_path_factory.mktemp("mixed")
    for name in ("coffee", "chelsea", "rocket", "camera"):
        photos[name].save(folder / f"{name}.jpg")
    for name in ("coffee", "chelsea"):
        with Image.open(folder / f"{name}.jpg") as image:
            image.save(folder / f"{name}.png")
            image.save(folder / f"{name}.bmp")
    shutil.copy(folder / "coffee.png", folder / "copy.png")
    return sorted(folder.iterdir())


@pytest.mark.thorough
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_order_of_adding_does_not_matter(tmp_path_factory, mixed, data):
    order = data.draw(st.permutations(mixed))
    cuts = sorted(data.draw(st.lists(st.integers(1, len(mixed) - 1), max_size=3, unique=True)))
    file = tmp_path_factory.mktemp("index") / "index.db"
    with dedup.ImageIndex(file, method="sscd-fast") as index:
        added = [
            index.add(order[start:end])
            for start, end in zip([0, *cuts], [*cuts, None], strict=True)
        ]
        found = index.duplicates(threshold=0.9)
    assert sum(one.embedded for one in added) == 4
    assert sum(one.copies for one in added) == 5
    assert pictures(found) == {
        frozenset({"coffee.jpg", "coffee.png", "coffee.bmp", "copy.png"}),
        frozenset({"chelsea.jpg", "chelsea.png", "chelsea.bmp"}),
    }
    assert [group.keep.rsplit("/", 1)[-1] for group in found.groups] == [
        "chelsea.jpg",
        "coffee.jpg",
    ]
