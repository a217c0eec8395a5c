"""Images on their way into an index: is this one new? Only then is it added."""

import shutil
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from encoded import saved
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import dedup
from dedup._base.options import DEFAULT
from dedup._catalogue import digests, discover, exact_copies
from dedup.pipelines.images.decoding import pixel_digest

KINDS = {
    "path": lambda image, folder: _saved(image, folder / "upload.png"),
    "bytes": lambda image, _: saved(image, "PNG"),
    "PIL": lambda image, _: image,
    "array": lambda image, _: np.asarray(image),
}


def _saved(image, path):
    image.save(path)
    return path


@pytest.fixture
def known(index, folder):
    """An index of six photos."""
    index.add(folder)
    return index


@pytest.mark.parametrize("kind", KINDS)
def test_images_come_as_paths_bytes_pictures_and_arrays(index, folder, photos, kind, tmp_path):
    index.add(folder)
    smaller, noise = photos["coffee"].resize((200, 133)), Image.effect_noise((300, 200), 60)
    for picture, relation in ((photos["coffee"], "exact"), (smaller, "near"), (noise, "new")):
        image = KINDS[kind](picture, tmp_path)
        assert index.check(image).relation == relation
        added = index.add(image, unless_duplicate=True)
        assert [one.relation for one in added.duplicates] == [relation] * (relation != "new")
    assert len(index) == 7


def test_duplicates_are_refused_and_new_images_added(store, folder, photos, spare_photo, tmp_path):
    photos["rocket"].resize((150, 100)).save(tmp_path / "a.jpg")
    spare_photo.save(tmp_path / "b.png")
    spare_photo.resize((200, 200)).save(tmp_path / "c.png")
    shutil.copy(folder / "coffee.png", tmp_path / "d.png")
    (tmp_path / "e.png").write_text("no image")
    uploads = [tmp_path / name for name in ("a.jpg", "b.png", "c.png", "d.png", "e.png")]
    with dedup.ImageIndex(store.uri, token=store.token, progress=False) as index:
        index.add(folder)
        added = index.add(uploads, unless_duplicate=True)
        assert str(added) == (
            "1 embedded, 0 copies recognised, 0 unchanged, 1 skipped, 3 duplicates refused"
        )
        assert [
            (Path(one.path).name, Path(one.of).name, one.relation) for one in added.duplicates
        ] == [
            ("a.jpg", "rocket.png", "near"),
            ("c.png", "b.png", "near"),
            ("d.png", "coffee.png", "exact"),
        ]
        assert [Path(file.path).name for file in added.files] == ["b.png"]
        assert len(index) == 7
        again = index.add(uploads, unless_duplicate=True)
        assert (again.unchanged, len(again.duplicates)) == (1, 3)


def test_the_first_that_was_named_counts(index, spare_photo, tmp_path):
    small = spare_photo.resize((200, 200))
    names = [tmp_path / "z.png", tmp_path / "a.png"]
    for name, image in zip(names, (spare_photo, small), strict=True):
        image.save(name)
    added = index.add([*names, small, saved(spare_photo, "PNG")], unless_duplicate=True)
    assert [Path(file.path).name for file in added.files] == ["z.png"]
    assert {Path(one.of).name for one in added.duplicates} == {"z.png"}
    assert [one.relation for one in added.duplicates] == ["near", "near", "exact"]


def test_same_threshold_decides(index, folder, photos, tmp_path):
    index.add(folder)
    photos["coffee"].resize((200, 133)).save(tmp_path / "small.png")
    (match,) = index.check(tmp_path / "small.png").matches
    above = (1 + match.score) / 2
    assert index.check(tmp_path / "small.png", threshold=above).relation == "new"
    assert index.add(tmp_path / "small.png", unless_duplicate=True, threshold=above).embedded == 1
    with pytest.raises(dedup.InputError, match="goes with unless_duplicate"):
        index.add(tmp_path / "small.png", threshold=0.9)


def test_tuned_threshold_says_how_sure_a_match_is(index, folder, photos):
    index.add(folder)
    estimate = dedup.Estimate(0.99, 0.98, 1.0)
    tuned = dedup.Threshold(
        0.4, "score", DEFAULT, index._model.properties, "99 % precision", estimate, estimate,
        100, 50, 1_000, ((0.0, 0.0), (1.0, 0.8)),
    )  # fmt: skip
    (match,) = index.check(photos["coffee"].resize((200, 133)), threshold=tuned).matches
    assert match.probability == pytest.approx(0.8 * match.score)
    (match,) = index.check(photos["coffee"], threshold=tuned).matches
    assert match.probability == 1.0
    assert index.check(photos["coffee"]).matches[0].probability is None


def test_exact_match_is_found_among_many_pictures_that_look_alike(tmp_path):
    for number in range(150):
        page = Image.new("RGB", (160, 160), "white")
        ImageDraw.Draw(page).point((number % 20 * 8, number // 20 * 8), "black")
        page.save(tmp_path / f"{number:03}.png")
    with dedup.ImageIndex(tmp_path / "a.db", method="phash", progress=False) as index:
        assert index.add(f"{tmp_path}/*.png").embedded == 150
        with Image.open(tmp_path / "140.png") as page:
            (best, *_) = index.check(page.convert("RGB")).matches
        assert (Path(best.path).name, best.relation) == ("140.png", "exact")
        assert index.check(tmp_path / "141.png").matches[0].relation == "exact"


def test_check_decodes_the_image_once(known, folder, monkeypatch):
    from dedup.pipelines.images import decoding

    opened = []
    original = decoding.Image.open
    monkeypatch.setattr(
        decoding.Image, "open", lambda file, **how: opened.append(file) or original(file, **how)
    )
    assert known.check(folder / "coffee.png").relation == "exact"
    assert [str(file.name) for file in opened] == [str(folder / "coffee.png")]


def test_images_in_memory_are_digested_once(photos, monkeypatch):
    digested = []

    def counted(source):
        digested.append(source)
        return pixel_digest(source)

    for module in (discover, exact_copies, digests):
        monkeypatch.setattr(module, "pixel_digest", counted)
    images = [photos["coffee"], photos["coffee"].copy(), saved(photos["rocket"], "PNG")]
    found = dedup.find_duplicates(images, method="phash", progress=False)
    assert [group.paths for group in found.groups] == [["<image 0>", "<image 1>"]]
    assert len(digested) == 3


def test_opening_and_checking_does_not_read_all_records(tmp_path, folder):
    with dedup.ImageIndex(tmp_path / "a.db") as index:
        index.add(folder)
    with dedup.ImageIndex(tmp_path / "a.db") as index:
        assert index.check(folder / "coffee.png").relation == "exact"
        assert len(index) == 6
        assert "records" not in vars(index._catalogue)


def test_moved_file_is_not_embedded_again_and_prune_forgets_where_it_was(known, folder):
    (folder / "sub").mkdir()
    shutil.move(folder / "coffee.png", folder / "sub" / "kaffee.png")
    added = known.add(folder)
    assert (added.embedded, added.copies, added.unchanged) == (0, 1, 5)
    assert (len(known), known.prune(), known.prune(), len(known)) == (7, 1, 0, 6)
    assert known.check(folder / "sub" / "kaffee.png").matches[0].path == str(
        folder / "sub" / "kaffee.png"
    )
    assert known.duplicates().groups == []


def test_moved_file_is_no_duplicate_of_where_it_was(known, folder):
    shutil.move(folder / "coffee.png", folder / "kaffee.png")
    added = known.add(folder, unless_duplicate=True)
    assert (added.embedded, added.copies, len(added.duplicates)) == (0, 1, 0)
    assert known.prune() == 1


def test_stats_count_what_is_there(known, folder):
    shutil.copy(folder / "coffee.png", folder / "copy.png")
    known.add([folder, Image.effect_noise((90, 90), 60)])
    stats = known.stats()
    assert (stats.files, stats.pictures, stats.copies) == (8, 7, 1)
    assert stats.size == sum(path.stat().st_size for path in folder.iterdir())
    assert stats.formats == {"PNG": 4, "JPEG": 3, "": 1}
    assert "8 files" in repr(stats)
    assert "sscd_disc_mixup" in repr(stats)
    assert stats.index_type in repr(stats)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    """Small files: distinct photos, copies of some, and one that is no image."""
    folder = tmp_path_factory.mktemp("pool")
    for number in range(4):
        Image.effect_noise((40, 40), 60).save(folder / f"{number}.png")
    shutil.copy(folder / "0.png", folder / "0-copy.png")
    with Image.open(folder / "1.png") as image:
        image.save(folder / "1-copy.bmp")
    (folder / "notes.png").write_text("no image")
    return sorted(folder.iterdir())


def _held(index):
    """The names of the files of each picture."""
    names = defaultdict(set)
    for record in index._catalogue.records.values():
        names[record.picture].add(Path(record.path).name)
    return sorted(map(sorted, names.values()))


@pytest.mark.thorough
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_order_and_repetition_of_adding_do_not_matter_and_removing_leaves_nothing(
    pool, tmp_path_factory, data
):
    steps = data.draw(st.lists(st.lists(st.sampled_from(pool), min_size=1), min_size=1, max_size=4))
    everything = {path for step in steps for path in step}
    uri = tmp_path_factory.mktemp("laws")
    with (
        dedup.ImageIndex(uri / "a.db", method="phash", progress=False) as one,
        dedup.ImageIndex(uri / "b.db", method="phash", progress=False) as other,
    ):
        for step in steps:
            one.add(step)
        other.add(sorted(everything))
        assert _held(one) == _held(other)
        again = one.add(sorted(everything))
        assert (again.embedded, again.copies) == (0, 0)
        removed = data.draw(st.lists(st.sampled_from(sorted(everything)), unique=True))
        one.remove(removed)
        other.remove(sorted(everything))
        other.add(sorted(everything.difference(removed)) or [pool[-1]])
        assert _held(one) == _held(other)
        one.remove(sorted(everything))
        assert len(one) == len(one._catalogue.collection) == 0
