"""Which file of a group is kept, and whether anything is lost, on groups of known edits.

Each group is an original and some edited copies of it, with one or two edits each, of several
sizes, formats and qualities. The law is judged by what is known of the edits, not by what the
verification measures: a copy that was cropped, blurred, made smaller or grey shows less than the
original; one on which something was put shows more; a mere re-encoding shows the same.

    python benchmarks/keep.py PHOTOS [--groups 200] [--seed 0] [--keep best]

prints in how many groups the original, or a file that loses nothing against it, is the one to
keep, in how many the original is lost, and each removal that breaks the law; of each group that
keeps something else why it is kept, and why the original stays. `--into` keeps the files.
"""

import argparse
import io
import os
import tempfile
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from dedup import Duplicates, Group, Plan, find_duplicates
from dedup.data._photos import list_photos, open_photo
from dedup.data.edits import EDITS, apply_edit, edited_file

SIDES = (360, 500, 800, 1400)
FORMATS = ((".jpg", 95), (".jpg", 85), (".jpg", 75), (".png", None), (".webp", 85))

# Families that lose nothing that a person sees: what was encoded again, turned, or framed.
SAME = frozenset(["format", "rotate", "mirror", "border", "letterbox"])
# Families that put something there that is to be read or seen.
ADDS = frozenset(["caption", "text-over", "sticker", "paste", "screenshot"])
# Families that may cut away what was put there before.
CUTS = frozenset(["crop", "zoom", "combined"])
# What was put over the picture, so that it is not seen there.
LOSES_LITTLE = frozenset(["caption-20", "caption-30"])


@dataclass(frozen=True)
class Copy:
    """A file, the edits that made it, and whether these changed nothing that is to be seen."""

    path: str
    edits: tuple[str, ...]
    format: tuple[str, int | None] = (".jpg", 90)
    is_same: bool = False

    @property
    def families(self) -> set[str]:
        """The families of the edits."""
        return {EDITS[edit].family for edit in self.edits}

    @property
    def adds(self) -> bool:
        """Whether it shows something that the original does not, and was not cut away again."""
        last = max(
            (n for n, edit in enumerate(self.edits) if EDITS[edit].family in CUTS), default=0
        )
        edits = self.edits[last:]
        return "crop-text-jpeg" in edits or any(EDITS[edit].family in ADDS for edit in edits)

    @property
    def loses(self) -> bool:
        """Whether the original shows something that it does not."""
        return not self.is_same and any(
            EDITS[edit].family not in SAME and edit not in LOSES_LITTLE for edit in self.edits
        )


def breaks_the_law(keep: Copy, removed: Copy) -> bool:
    """Whether a file is removed that shows more than the one that is kept.

    Of two edited copies that share no edit each shows something of its own, or so it is taken.
    """
    if not keep.edits:
        return removed.adds
    if not removed.edits:
        return keep.loses
    return removed.adds and not set(removed.edits) & set(keep.edits)


def looks_the_same(image: Image.Image, content: bytes) -> bool:
    """Whether an edit changed no place by clearly more than a JPEG file of quality 75 does.

    So a grey photo in other hues, or one that was made lighter and as much darker again: a person
    sees no difference, and it is right to keep either.
    """
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=75)
    copy, again = (Image.open(file).convert("RGB") for file in (io.BytesIO(content), encoded))
    if copy.size != image.size:
        return False
    off, allowed = (
        cv2.blur(np.abs(np.asarray(one, np.float32) - np.asarray(image, np.float32)), (8, 8))
        for one in (copy, again)
    )
    return bool((off <= allowed + 2).all())


def make_group(
    folder: Path, photo: Path, background: Image.Image, rng: np.random.Generator
) -> list[Copy]:
    """An original and some of its copies, as files."""
    side = int(rng.choice(SIDES))
    image = open_photo(photo, max_side=side)
    suffix, quality = FORMATS[rng.integers(len(FORMATS))]
    original = folder / f"original{suffix}"
    image.save(original, quality=quality or 75)  # PNG files have none
    copies = [Copy(str(original), (), (suffix, quality))]
    image = Image.open(io.BytesIO(original.read_bytes())).convert("RGB")
    for number in range(int(rng.integers(4, 11))):
        edits = [str(edit) for edit in rng.choice(list(EDITS), size=1 + int(rng.random() < 0.25))]
        seed = [int(rng.integers(2**31)), number]
        edited = image
        for edit in edits[:-1]:
            edited = apply_edit(edited, edit=edit, seed=seed, background=background)
        content = edited_file(edited, edit=edits[-1], seed=seed, background=background)
        path = folder / f"{number}-{'+'.join(edits)}{EDITS[edits[-1]].encoding.suffix}"
        path.write_bytes(content)
        copies.append(Copy(str(path), tuple(edits), is_same=looks_the_same(image, content)))
    return copies


def main() -> None:
    """Make the groups, plan, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--groups", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", default="best")
    parser.add_argument("--into", type=Path, help="a new folder, to look at the files afterwards")
    arguments = parser.parse_args()
    photos = list_photos(arguments.photos)
    rng = np.random.default_rng(arguments.seed)
    known: dict[str, Copy] = {}
    groups: list[list[Copy]] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.into or scratch
        for number in range(arguments.groups):
            own = Path(folder, f"{number:03}")
            own.mkdir(parents=True)
            photo, other = photos[number % len(photos)], photos[(number * 7 + 3) % len(photos)]
            groups.append(make_group(own, photo, open_photo(other, max_side=800), rng))
            known |= {copy.path: copy for copy in groups[-1]}
        found = find_duplicates(folder, cache=False, keep=arguments.keep)
        plan = found.plan()
        report(groups, known, found, plan)
        print(f"time: {found.timings}")


def report(
    groups: Sequence[Sequence[Copy]], known: Mapping[str, Copy], found: Duplicates, plan: Plan
) -> None:
    """Print the figures."""
    grouped = {path: group for group in found.groups for path in group.paths}
    keepers = {path: group.keep for path, group in grouped.items()}
    removed = {file.path: file.keep for file in plan.files if file.action != "leave"}
    stay = {file.path: file.reason for file in plan.files if file.action == "leave"}
    kept, lost = count_kept(groups, known, grouped)
    broken = breaches(known, removed)
    total, good = kept.total(), kept["original"] + kept["equal"]
    alone = len(groups) - total
    print(f"{len(groups)} groups, {len(known)} files; {alone} originals without a group")
    print(
        f"the original is the one to keep in {kept['original']} of {total}, it or one that loses "
        f"nothing against it in {good} of {total} ({good / max(total, 1):.3f})"
    )
    print(
        f"originals lost: {lost}; removals: {len(removed)}, that break the law: {broken}; "
        f"left: {len(stay)}"
    )
    report_copies(known, keepers, removed, stay)


def count_kept(
    groups: Sequence[Sequence[Copy]], known: Mapping[str, Copy], grouped: Mapping[str, Group]
) -> tuple[Counter[str], int]:
    """How many groups keep what, those alone left out, and how many originals are lost."""
    kept, lost = Counter[str](), 0
    for original, *_ in groups:
        found = grouped.get(original.path)
        if found is None:
            continue
        keeper = known[found.keep]
        kind = "original" if keeper is original else "lossy" if keeper.loses else "equal"
        kept[kind] += 1
        if kind == "lossy":
            stays = found.retain.get(original.path)
            print(
                f"  kept {os.path.basename(keeper.path)} ({found.why}) for "
                f"{os.path.basename(os.path.dirname(original.path))} {original.format}; "
                f"the original {'goes' if stays is None else f'stays: {stays}'}"
            )
            lost += stays is None
    return kept, lost


def breaches(known: Mapping[str, Copy], removed: Mapping[str, str]) -> int:
    """How many removals break the law; prints each."""
    broken = [
        (keep, path)
        for path, keep in removed.items()
        if os.path.dirname(path) != os.path.dirname(keep)
        or breaks_the_law(known[keep], known[path])
    ]
    for keep, path in broken:
        print(
            f"  LAW: {os.path.relpath(path, os.path.dirname(os.path.dirname(keep)))} removed for "
            f"{os.path.basename(keep)}"
        )
    return len(broken)


def report_copies(
    known: Mapping[str, Copy],
    keepers: Mapping[str, str],
    removed: Collection[str],
    stay: Mapping[str, str],
) -> None:
    """Print how many copies go, and why others stay."""
    plain = [path for path, copy in known.items() if copy.edits and not copy.adds]
    gone = [path for path in plain if path in removed]
    others = [path for path in plain if keepers.get(path) != path]
    print(
        f"copies that show nothing more than the original, and are not kept for it: {len(others)}, "
        f"of which {len(gone)} are removed ({len(gone) / max(len(others), 1):.3f})"
    )
    why = Counter((known[p].edits, stay[p]) for p in others if p in stay)
    for (edits, reason), count in sorted(why.items()):
        print(f"  stays: {'+'.join(edits)}: {reason}" + (f" ({count})" if count > 1 else ""))
    copies, removals = (
        Counter(edit for path in paths for edit in known[path].edits if len(known[path].edits) == 1)
        for paths in (known, removed)
    )
    by_edit = ", ".join(f"{e} {removals[e]}/{n}" for e, n in sorted(copies.items()))
    print("removed by edit:", by_edit)


if __name__ == "__main__":
    main()
