"""In a notebook a result shows its groups as pictures, a few at a time, in little HTML."""

import os
import shutil

import pytest

import dedup


@pytest.fixture(scope="module")
def found(tmp_path_factory, many_photos):
    """Thirty pictures, twelve of them twice and one ten times."""
    folder = tmp_path_factory.mktemp("view") / "photos"
    shutil.copytree(many_photos, folder)
    for number, path in enumerate(sorted(folder.iterdir())[:12]):
        for copy in range(9 if number == 0 else 1):
            shutil.copy(path, folder / f"{path.stem} copy {copy}.png")
    odd = os.path.join(os.fsencode(folder), b"caf\xe9 <script>alert(1)<.png")
    shutil.copy(folder / "astronaut-1.png", odd)
    return dedup.find_duplicates(folder, method="phash", cache=False)


def test_first_ten_groups_are_shown_the_keeper_first(found):
    html = found._repr_html_()
    assert html.count("<br>keep: ") == 10
    assert html.index(os.path.basename(found.groups[0].keep)) < html.index(
        os.path.basename(found.groups[0].remove[0])
    )
    assert "identical file" in html


def test_it_stays_small(found):
    html = found._repr_html_()
    assert len(html) < 150_000
    assert html.count("<img") <= 60
    assert "and 4 more" in html


def test_the_next_groups_are_asked_for(found):
    shown = found.show(start=10)
    assert str(shown).splitlines()[-1] == f"groups 11 to {len(found)} of {len(found)}"
    assert found.groups[10].keep in str(shown)
    assert found.groups[9].keep not in str(shown)
    assert "the next: .show(start=3)" in found.show(groups=3)._repr_html_()


def test_as_many_groups_as_are_asked_for(found):
    assert found.show(start=2, groups=3)._repr_html_().count("<br>keep: ") == 3
    for wrong in ({"start": -1}, {"start": len(found)}, {"groups": 0}):
        with pytest.raises(dedup.InputError, match=f"there are {len(found)} groups"):
            found.show(**wrong)


def test_names_are_text(found):
    html = "".join(found.show(start=at)._repr_html_() for at in range(0, len(found), 10))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    html.encode()


def test_edits_and_scores_are_told(photos):
    small = photos["coffee"].resize((150, 100))
    html = dedup.find_duplicates([photos["coffee"], small], method="phash")._repr_html_()
    assert "resized to 50 %, 1.00" in html
    assert html.count("data:image/jpeg") == 2


def test_nothing_found_is_said(photos):
    found = dedup.find_duplicates([photos["coffee"], photos["rocket"]], method="phash")
    assert "0 groups of duplicates" in found._repr_html_()
    assert "0 groups of duplicates" in str(found.show())


def test_file_that_is_gone_is_named_with_the_reason(folder):
    shutil.copy(folder / "coffee.png", folder / "coffee copy.png")
    found = dedup.find_duplicates(folder, method="phash", cache=False)
    (folder / "coffee copy.png").unlink()
    html = found._repr_html_()
    assert "file not found" in html
    assert html.count("data:image/jpeg") == 1
