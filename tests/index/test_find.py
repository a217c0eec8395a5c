"""`find_duplicates` finds the copies, groups no strangers, and remembers what it embedded."""

import json
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import skimage.data
from PIL import Image

import dedup
from dedup._base.versions import DECODING
from dedup._index import find
from dedup.pipelines.models import engines
from dedup.pipelines.models.methods import model


@pytest.fixture(scope="module")
def searched(tmp_path_factory, encoded_photos, photos):
    """A folder of six photos, four copies of one of them, two of another; no test changes it."""
    folder = tmp_path_factory.mktemp("searched") / "photos"
    shutil.copytree(encoded_photos, folder)
    shutil.copy(folder / "chelsea.jpg", folder / "chelsea (1).jpg")
    with Image.open(folder / "chelsea.jpg") as image:
        image.save(folder / "chelsea.bmp")
    photos["chelsea"].resize((180, 120)).save(folder / "chelsea-small.png")
    photos["chelsea"].convert("L").save(folder / "chelsea-grey.jpg")
    photos["coffee"].save(folder / "coffee-40.jpg", quality=40)
    large_coffee().save(folder / "coffee-large.webp")
    return folder


@pytest.fixture
def folder(tmp_path, searched):
    """The same in a folder of the test's own."""
    return shutil.copytree(searched, tmp_path / "photos", copy_function=shutil.copy)


@pytest.fixture(scope="module")
def found(searched):
    return dedup.find_duplicates(searched, cache=False)


COPIES = {
    frozenset(
        {"chelsea.jpg", "chelsea (1).jpg", "chelsea.bmp", "chelsea-small.png", "chelsea-grey.jpg"}
    ),
    frozenset({"coffee.png", "coffee-40.jpg", "coffee-large.webp"}),
}


def names(found):
    return {frozenset(Path(path).name for path in group.paths) for group in found.groups}


def test_copies_are_found_and_strangers_left_alone(found):
    assert names(found) == COPIES
    assert len(found) == 2
    assert found.skipped.empty
    assert found.complete


def large_coffee():
    return Image.fromarray(skimage.data.coffee()).resize((450, 300))


def test_larger_of_two_is_kept(folder):
    (group,) = dedup.find_duplicates([folder / "coffee.png", folder / "coffee-large.webp"]).groups
    assert group.keep == str(folder / "coffee-large.webp")
    assert group.remove == [str(folder / "coffee.png")]
    assert group.paths == [group.keep, *group.remove]
    assert len(group) == 2


def test_file_to_keep_can_be_chosen_otherwise(folder):
    found = dedup.find_duplicates(folder, keep=lambda record: record.size)
    assert {Path(group.keep).name for group in found.groups} == {
        min((folder / name for name in group), key=lambda path: path.stat().st_size).name
        for group in COPIES
    }
    for wrong in ("nicest", [], None, folder):
        with pytest.raises(ValueError, match="expected one of best"):
            dedup.find_duplicates(folder, keep=wrong)


def test_pairs_say_how_two_files_are_related(found):
    relation = {
        frozenset(Path(path).name for path in (pair.a, pair.b)): pair.relation
        for pair in found.pairs.itertuples()
    }
    exact = [pair for pair in relation if relation[pair] == "exact"]
    assert frozenset.union(*exact) == {"chelsea.jpg", "chelsea (1).jpg", "chelsea.bmp"}
    assert len(exact) == 2
    assert set(relation.values()) == {"exact", "near"}
    assert len(relation) == len(found.pairs)
    for group in found.groups:
        assert set(group.pairs["a"]) | set(group.pairs["b"]) == set(group.paths)


def test_second_run_embeds_nothing_and_says_so(folder):
    first = dedup.find_duplicates(folder)
    second = dedup.find_duplicates(folder)
    assert first.embedded == 10
    assert second.embedded == 0
    assert "0 embedded" in repr(second)
    assert second.to_dict() == first.to_dict()
    pd.testing.assert_frame_equal(second.pairs, first.pairs)


def test_second_run_sees_what_changed(folder, spare_photo):
    dedup.find_duplicates(folder)
    (folder / "coffee.png").unlink()
    spare_photo.save(folder / "moon.png")
    shutil.copy(folder / "moon.png", folder / "moon (1).png")
    found = dedup.find_duplicates(folder)
    assert found.embedded == 1
    assert names(found) == {
        next(group for group in COPIES if "chelsea.jpg" in group),
        frozenset({"coffee-40.jpg", "coffee-large.webp"}),
        frozenset({"moon.png", "moon (1).png"}),
    }


@pytest.mark.thorough
def test_result_does_not_depend_on_the_order_of_the_inputs(folder):
    paths = sorted(folder.iterdir())
    results = [
        dedup.find_duplicates(order, cache=False).to_dict()
        for order in (paths, paths[::-1], [*paths[5:], *paths[:5]])
    ]
    assert results[0] == results[1] == results[2]
    assert results[0] == dedup.find_duplicates(folder, cache=False).to_dict()


def test_only_the_inputs_are_reported_whatever_else_the_index_holds(folder, tmp_path):
    index = tmp_path / "all.db"
    dedup.find_duplicates(folder, index=index)
    found = dedup.find_duplicates([folder / "coffee.png", folder / "rocket.png"], index=index)
    assert found.groups == []
    assert found.embedded == 0
    assert names(dedup.find_duplicates(folder, index=index)) == COPIES


def test_index_elsewhere_leaves_the_cache_empty(folder, tmp_path, cache_folder):
    dedup.find_duplicates(folder, index=str(tmp_path / "mine.db"))
    assert list(cache_folder.glob("*.db")) == []
    with dedup.ImageIndex(tmp_path / "mine.db") as index:
        assert len(index) == 12


def test_no_cache_leaves_nothing(folder, cache_folder, tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert dedup.find_duplicates(folder, cache=False).embedded == 10
    assert dedup.find_duplicates(folder, cache=False).embedded == 10
    assert list(cache_folder.iterdir()) == []
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.thorough
def test_cache_is_one_for_each_folder_and_method(folder, cache_folder):
    for path in folder.glob("c[ah]*"):  # all but what is asked about takes its time
        path.unlink()
    dedup.find_duplicates(folder)
    dedup.find_duplicates(folder, method="sscd")
    dedup.find_duplicates(folder, method="sscd-fast")  # the embeddings of the default
    dedup.find_duplicates(folder / "coffee.png")
    dedup.find_duplicates(str(folder))
    assert len(list(cache_folder.glob("*.db"))) == 3


def test_images_in_memory(folder, photos, cache_folder):
    small = np.asarray(photos["coffee"].resize((150, 100)))
    found = dedup.find_duplicates(
        [photos["coffee"], photos["rocket"], small, folder / "coffee.png"]
    )
    (group,) = found.groups
    assert set(group.paths) == {"<image 0>", "<image 2>", str(folder / "coffee.png")}
    assert list(cache_folder.glob("*.db")) == []


def test_table_of_paths(folder):
    table = pd.DataFrame({"path": sorted(map(str, folder.glob("coffee*"))), "label": 1})
    (group,) = dedup.find_duplicates(table).groups
    assert set(group.paths) == set(table["path"])


def test_bad_files_are_reported_with_their_reason(folder, monkeypatch):
    (folder / "notes.txt").write_text("no image")
    (folder / "empty.jpg").touch()
    data = (folder / "coffee.png").read_bytes()
    (folder / "half.png").write_bytes(data[: len(data) // 2])
    (folder / "gone.jpg").symlink_to(folder / "nothing")
    monkeypatch.chdir(folder.parent)
    for _ in range(2):
        found = dedup.find_duplicates("photos")
        assert {frozenset(map(str, group)) for group in names(found)} == COPIES
        assert found.skipped["path"].tolist() == [
            "photos/empty.jpg",
            "photos/gone.jpg",
            "photos/half.png",
            "photos/notes.txt",
        ]
        reasons = found.skipped["reason"].tolist()
        assert reasons[0] == "not an image that can be read: the file is empty"
        assert reasons[3] == "not an image that can be read"
        assert reasons[1] == "symbolic link (not followed)"
        assert reasons[2].startswith("damaged image: ")


def test_folder_without_an_image_has_no_duplicates(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    found = dedup.find_duplicates(tmp_path / "notes.txt")
    assert found.groups == []
    assert found.pairs.empty
    assert len(found.skipped) == 1


def test_wrong_path_is_an_error_and_leaves_no_cache(tmp_path, cache_folder):
    with pytest.raises(dedup.InputError, match="no such file or folder"):
        dedup.find_duplicates(tmp_path / "phtos")
    assert list(cache_folder.iterdir()) == []


def test_stricter_threshold_splits_groups_and_embeds_nothing(found, monkeypatch):
    monkeypatch.setattr(engines, "engine_of", None)
    strict = names(found.at(1.0))
    assert all(any(group <= copies for copies in COPIES) for group in strict)
    assert any({"chelsea.jpg", "chelsea (1).jpg", "chelsea.bmp"} <= group for group in strict)
    assert names(found.at(1.0).at(found.threshold)) == COPIES
    assert found.at(found.threshold).to_dict() == found.to_dict()


@pytest.mark.parametrize(
    "settings",
    [{"threshold": 1.5}, {"threshold": -0.1}, {"threshold": float("nan")}, {"candidates": 2.0}],
    ids=str,
)
def test_setting_out_of_range_is_an_error_before_the_work(folder, cache_folder, settings):
    with pytest.raises(dedup.InputError, match="expected"):
        dedup.find_duplicates(folder, **settings)
    assert list(cache_folder.iterdir()) == []


def test_decision_by_the_embedding_alone(folder):
    found = dedup.find_duplicates(folder, verify=False, threshold=0.7)
    assert names(found) == COPIES
    assert (found.pairs["similarity"] >= 0.7).all()
    with pytest.raises(dedup.InputError, match="search again with candidates=0"):
        found.at(0.0)


def test_result_as_a_dictionary_is_plain_json(folder):
    (folder / "notes.txt").write_text("no image")
    found = dedup.find_duplicates(folder)
    assert json.loads(json.dumps(found.to_dict())) == {
        "groups": [group.paths for group in found.groups],
        "why": [group.why for group in found.groups],
        "scores": [
            [{"path": row.path, "relation": row.relation, "score": row.score} for row in rows]
            for rows in (
                found.to_frame().query("group == @number and not keep").itertuples()
                for number in range(2)
            )
        ],
        "retained": [[], []],
        "skipped": [{"path": str(folder / "notes.txt"), "reason": "not an image that can be read"}],
    }


def test_notebook_shows_the_groups_as_pictures(found):
    html = found._repr_html_()
    assert html.count("data:image/jpeg;base64,") == 8
    assert "2 groups of duplicates" in html


def test_progress_is_silent_away_from_a_terminal(folder, capfd):
    dedup.find_duplicates(folder)
    assert capfd.readouterr() == ("", "")


def test_timings_say_where_the_time_went(folder):
    start = time.perf_counter()
    found = dedup.find_duplicates(folder, cache=False)
    took = time.perf_counter() - start
    stages = {"discover", "embed", "propose", "verify", "group"}
    assert set(found.timings) == stages
    assert 0 < sum(found.timings.values()) <= took
    assert "embed" in str(found.timings)


def test_index_in_the_cache_folder_is_another_once_decoding_is_another(monkeypatch):
    before = find.index_name("photos", method=model("sscd"))
    assert find.index_name("photos", method=model("sscd")) == before
    monkeypatch.setattr(find, "DECODING", replace(DECODING, number=DECODING.number + 1))
    assert find.index_name("photos", method=model("sscd")) != before
