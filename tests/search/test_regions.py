"""Pictures that were pasted into others: found, and never a bridge between what they show."""

import warnings

import numpy as np
import pytest
import skimage.data
from PIL import Image
from pymilvus import MilvusClient

import dedup
from dedup.data.negatives import make_negatives

SETTINGS = {"method": "sscd-fast", "progress": False, "cache": False}


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(skimage.data.coffee()).resize((480, 320))


@pytest.fixture(scope="module")
def page(photo):
    """A page of text, with the photo at 40 % of its width."""
    (page,) = make_negatives("text-pages", count=1, seed=3)
    page = page.convert("RGB")
    page.paste(photo.resize((240, 160)), (300, 560))
    return page


@pytest.fixture
def files(tmp_path, photo, page):
    folder = tmp_path / "files"
    folder.mkdir()
    photo.save(folder / "photo.png")
    page.save(folder / "page.png")
    Image.fromarray(skimage.data.astronaut()).save(folder / "other.png")
    return folder


def found_groups(found):
    return [sorted(path.rsplit("/", 1)[-1] for path in group.paths) for group in found.groups]


def test_photo_on_a_page_is_found_with_regions_only(files):
    assert found_groups(dedup.find_duplicates(files, regions=False, **SETTINGS)) == []
    found = dedup.find_duplicates(files, **SETTINGS)
    assert found_groups(found) == [["page.png", "photo.png"]]


def test_photo_at_a_quarter_of_a_page_is_found_by_the_plain_ground_around_it(files, page, photo):
    (sheet,) = make_negatives("text-pages", count=1, seed=4)
    sheet = sheet.convert("RGB")
    sheet.paste(photo.resize((sheet.width // 4, sheet.width // 6)), (80, 300))
    sheet.save(files / "page.png")
    with dedup.ImageIndex(files.parent / "index.db", **SETTINGS) as index:
        index.add(files)
        assert found_groups(index.duplicates()) == [["page.png", "photo.png"]]
        index.remove(files / "photo.png")
        assert index.check(files / "photo.png").relation == "near"
        index.add(files / "photo.png")
        index.remove(files / "page.png")
        assert index.check(files / "page.png").relation == "near"


def test_placement_on_the_page_is_that_of_the_photo(files, page):
    found = dedup.find_duplicates(files, **SETTINGS)
    box = found.explain(str(files / "photo.png"), str(files / "page.png")).evidence.box_b
    assert np.allclose(np.multiply(box, page.size * 2), (300, 560, 540, 720), atol=4)


def test_photos_on_one_page_are_no_copies_of_each_other(files, page, photo):
    both = page.copy()
    other = Image.open(files / "other.png")
    both.paste(photo.resize((300, 200)), (20, 60))
    both.paste(other.resize((300, 300)), (280, 450))
    both.save(files / "page.png")
    groups = found_groups(dedup.find_duplicates(files, **SETTINGS))
    assert not any({"photo.png", "other.png"} <= set(group) for group in groups)


@pytest.mark.thorough
@pytest.mark.parametrize(("held", "asked"), [("photo.png", "page.png"), ("page.png", "photo.png")])
def test_any_index_is_asked_both_ways(files, store, held, asked):
    with dedup.ImageIndex(store.uri, token=store.token, **SETTINGS) as index:
        index.add(files / held)
        assert index.check(files / asked).relation == "near"
        index.add(files / asked)
        assert found_groups(index.duplicates()) == [["page.png", "photo.png"]]


def test_photo_that_lies_on_a_page_is_no_repetition_of_the_page(files, tmp_path):
    with dedup.ImageIndex(tmp_path / "index.db", **SETTINGS) as index:
        index.add(files / "page.png")
        added = index.add(files / "photo.png", unless_duplicate=True)
        assert (added.duplicates, len(index)) == ([], 2)
        assert found_groups(index.duplicates()) == [["page.png", "photo.png"]]


def test_without_regions_nothing_more_is_stored_or_asked(files, tmp_path):
    with dedup.ImageIndex(tmp_path / "index.db", regions=False, **SETTINGS) as index:
        index.add(files)
        assert index.check(files / "page.png").matches[0].relation == "exact"
    assert MilvusClient(str(tmp_path / "index.db")).list_collections() == ["dedup"]


def test_index_without_regions_opens_and_says_how_to_have_them(files, tmp_path):
    uri = tmp_path / "index.db"
    with dedup.ImageIndex(uri, regions=False, **SETTINGS) as index:
        index.add(files)
    with dedup.ImageIndex(uri, **SETTINGS) as index:
        with pytest.warns(UserWarning, match="3 pictures were added without regions"):
            assert found_groups(index.duplicates()) == []
        paths = [str(path) for path in files.iterdir()]
        index.remove(paths)
        index.add(paths)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert found_groups(index.duplicates()) == [["page.png", "photo.png"]]


def test_heir_of_a_picture_is_looked_for_inside_others(files, tmp_path, photo):
    photo.save(files / "again.png", compress_level=1)
    with dedup.ImageIndex(tmp_path / "index.db", **SETTINGS) as index:
        index.add(files)
        record = index._catalogue.records[str(files / "photo.png")]
        first = "again.png" if record.copy_of else "photo.png"
        index.remove(files / first)
        left = {"again.png", "photo.png"} - {first}
        assert found_groups(index.duplicates()) == [sorted({*left, "page.png"})]
