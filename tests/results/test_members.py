"""Each file of a group is shown with the pair that says why it is there."""

import shutil

import pytest
from PIL import ImageOps

import dedup
from dedup._results.members import MemberPair, members


@pytest.fixture
def shown(tmp_path, photos):
    """The members of a group by their names, and the names in their order."""
    photo = photos["coffee"]
    photo.save(tmp_path / "photo.png")
    shutil.copy(tmp_path / "photo.png", tmp_path / "photo copy.png")
    photo.save(tmp_path / "photo.bmp")
    ImageOps.mirror(photo).save(tmp_path / "mirrored.png")
    photo.crop((60, 40, 300, 190)).save(tmp_path / "cut.png")
    found = dedup.find_duplicates(tmp_path, method="phash", candidates=40, cache=False)
    (group,) = found.groups
    listed = members(group, found._outcome)
    assert [member.path for member in listed] == group.paths
    return {member.path.rsplit("/", 1)[-1]: member for member in listed}, group


def test_only_the_file_to_keep_has_no_match(shown):
    by_name, group = shown
    assert len(by_name) == 5
    assert [m.path for m in by_name.values() if m.match is None] == [group.keep]


def test_files_with_the_same_pixels_are_exact(shown):
    by_name, group = shown
    exact = {name for name, m in by_name.items() if m.match and m.match.relation == "exact"}
    assert exact == {"photo.png", "photo copy.png", "photo.bmp"} - {group.keep.rsplit("/", 1)[-1]}
    assert all(by_name[name].match.certainty == 1 for name in exact)
    assert all(by_name[name].match.evidence is None for name in exact)


def test_other_files_are_matched_with_the_one_to_keep(shown):
    by_name, _ = shown
    for name in ("mirrored.png", "cut.png"):
        member = by_name[name]
        place = [*by_name].index(name)
        assert {member.match.a, member.match.b} == {0, place}
        assert member.match.relation == "near"
        assert member.match.evidence.score == member.match.score == member.match.certainty
    assert "mirrored" in by_name["mirrored.png"].match.edit


def test_members_have_what_the_index_knows_and_what_the_decoder_reads(shown):
    by_name, _ = shown
    assert (by_name["cut.png"].record.width, by_name["cut.png"].record.height) == (240, 150)
    assert by_name["photo.bmp"].record.format == "BMP"
    assert all(member.source == member.path for member in by_name.values())


def test_certainty_is_the_best_that_is_known():
    assert MemberPair(0, 1, "exact").certainty == 1
    assert MemberPair(0, 1, "near", similarity=0.6, marked=True).certainty == 1
    assert MemberPair(0, 1, "near", score=0.7, similarity=0.9, probability=0.2).certainty == 0.2
    assert MemberPair(0, 1, "near", score=0.7, similarity=0.9).certainty == 0.7
    assert MemberPair(0, 1, "near", similarity=0.9).certainty == 0.9
    assert MemberPair(0, 1, "near").certainty == 0
