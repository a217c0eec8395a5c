"""Two plans that are carried out at once: of each picture one file stays, whoever keeps which."""

import shutil
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from killed import processes
from meanwhile import happens_meanwhile

import dedup

pytestmark = pytest.mark.kill
DELETE = {"action": "delete", "permanently": True}


def planned(folder, **options):
    """What is planned, and the same with files to keep and files to go exchanged."""
    plan = dedup.find_duplicates(folder, cache=False, method="phash").plan(**options)
    files = [replace(file, path=file.keep, keep=file.path) for file in plan.files]
    return plan, replace(plan, files=files, quarantine=f"{plan.quarantine}-back")


def carry_out(plan, journal, cache):
    """As another process would, whose cache folder is another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(cache))
        plan.apply(journal=journal, progress=False)


@pytest.fixture
def pair(tmp_path, photos):
    folder = tmp_path / "photos"
    folder.mkdir()
    photos["coffee"].resize((60, 40)).save(folder / "a.png")
    shutil.copy(folder / "a.png", folder / "b.png")
    return folder


@pytest.mark.parametrize("one", [{}, DELETE, {"action": "hardlink"}])
@pytest.mark.parametrize("other", [{}, DELETE, {"action": "hardlink"}])
def test_one_of_two_stays_whichever_step_the_other_plan_comes_between(pair, one, other, tmp_path):
    picture = (pair / "a.png").read_bytes()
    first, contrary = planned(pair, **one)[0], planned(pair, **other)[1]
    for at in count():
        shutil.rmtree(pair)
        pair.mkdir()
        for name in "ab":
            (pair / f"{name}.png").write_bytes(picture)
        happened = happens_meanwhile(
            partial(carry_out, first, tmp_path / f"{at}-1", tmp_path / "cache-1"),
            partial(carry_out, contrary, tmp_path / f"{at}-2", tmp_path / "cache-2"),
            at=at,
        )
        left = [path.name for path in pair.glob("*.png") if path.read_bytes() == picture]
        assert left, at
        if not happened:
            break
    assert at > 8


def test_file_that_keeps_a_purged_one_is_not_deleted_meanwhile(pair, tmp_path):
    picture = (pair / "a.png").read_bytes()
    plan = planned(pair)[0]
    for at in count():
        shutil.rmtree(pair)
        pair.mkdir()
        for name in "ab":
            (pair / f"{name}.png").write_bytes(picture)
        applied = plan.apply(journal=tmp_path / f"{at}-1")
        (file,), (aside,) = plan.files, applied.table["to"]
        back = replace(file, path=file.keep, keep=aside, action="delete")
        delete = replace(plan, action="delete", permanently=True, files=[back])
        happened = happens_meanwhile(
            partial(dedup.purge, applied.journal),
            partial(carry_out, delete, tmp_path / f"{at}-2", tmp_path / "cache-2"),
            at=at,
        )
        assert [path for path in pair.rglob("*.png") if path.read_bytes() == picture], at
        if not happened:
            break
    assert at > 3


@pytest.mark.parametrize("options", [{}, DELETE], ids=["quarantine", "delete"])
def test_processes_with_contrary_plans(many_photos, options, tmp_path):
    folder = tmp_path / "photos"
    for copy in "ab":
        shutil.copytree(many_photos, folder / copy)
    plans = planned(folder, **options)
    assert len(plans[0]) == 30
    running = [
        processes().Process(
            target=carry_out, args=(plan, tmp_path / str(number), tmp_path / f"c{number}")
        )
        for number, plan in enumerate(plans)
    ]
    for process in running:
        process.start()
    for process in running:
        process.join()
        assert process.exitcode == 0
    for file in plans[0].files:
        assert Path(file.path).exists() or Path(file.keep).exists()
