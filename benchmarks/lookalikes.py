"""Measure lookalikes: pages of one template are told apart, and their true copies are found.

    python benchmarks/lookalikes.py [reporting|fitting|worn] [PAGES] [TEMPLATES] [FAMILY ...]

The folder holds all families of a half of `dedup.data.lookalikes` (by default the one that nothing
was fitted on), so many pages of so many templates each, and seven true copies of each page. What
is counted are pairs of files that the defaults of `find_duplicates` put into one group, and files
that a plan would remove for one that shows another page.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import dedup
from dedup.data.lookalikes import COPIES, FITTING, REPORTING, WORN, copy_of, make_lookalikes

File = tuple[str, int, int, str]
"""Family, template, page, and how it was copied."""


def write(folder: Path, *, families: list[str], pages: int, templates: int) -> dict[str, File]:
    """Write the files; what each shows, by its path."""
    files: dict[str, File] = {}
    for family in families:
        for template in range(templates):
            drawn = make_lookalikes(family, count=pages, seed=0, template=template)
            for number, page in enumerate(drawn):
                stem = folder / f"{family}-{template}-{number:03}"
                page.save(f"{stem}-page.png")
                files[f"{stem}-page.png"] = (family, template, number, "page")
                for kind in COPIES:
                    Path(f"{stem}-{kind}.jpg").write_bytes(
                        copy_of(page, kind=kind, seed=1000 * template + number)
                    )
                    files[f"{stem}-{kind}.jpg"] = (family, template, number, kind)
    return files


def pairs_in(groups: list[list[str]]) -> Iterator[tuple[str, str]]:
    """All pairs of files within groups."""
    for group in groups:
        yield from combinations(sorted(group), 2)


def same_page(known: dict[str, File], a: str, b: str) -> bool:
    """Whether two files show one page."""
    return known[Path(a).name][:3] == known[Path(b).name][:3]


@dataclass
class Counts:
    """Pairs within groups: right and wrong ones by family, copies of a page and strays by kind."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    copies: Counter[str] = field(default_factory=Counter)
    strayed: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, groups: list[list[str]], known: dict[str, File]) -> "Counts":
        """Count the pairs within groups; `known` is what each file shows, by its name."""
        counts = cls()
        for a, b in pairs_in(groups):
            one, other = known[Path(a).name], known[Path(b).name]
            kinds = {one[3], other[3]}
            if not same_page(known, a, b):
                counts.wrong[one[0]] += 1
                counts.strayed.update(kinds)
                continue
            counts.right[one[0]] += 1
            if "page" in kinds:
                counts.copies.update(kinds - {"page"})
        return counts


def line(name: str, right: int, wrong: int, true: int) -> str:
    """Precision and recall of some pairs."""
    precision = f"{right / (right + wrong):.4f}" if right + wrong else "-"
    recall = f"{right / true:.4f}" if true else "-"
    return f"{name:24}{true:8}{right:8}{wrong:8}{precision:>11}{recall:>9}"


def main(half: str = "reporting", pages: int = 4, templates: int = 1, *chosen: str) -> None:
    """Print precision and recall by family, and recall by kind of copy."""
    halves = {"reporting": REPORTING, "fitting": FITTING, "worn": WORN}
    families = list(chosen or halves[half])
    with tempfile.TemporaryDirectory() as work:
        files = write(Path(work), families=families, pages=pages, templates=templates)
        start = time.perf_counter()
        found = dedup.find_duplicates(work, cache=False, progress=False)
        seconds = time.perf_counter() - start
        groups = [list(group.paths) for group in found.groups]
        known = {Path(path).name: what for path, what in files.items()}
        counts = Counts.of(groups, known)
        each = (len(COPIES) + 1) * len(COPIES) // 2 * pages * templates
        print(f"{len(files)} files, {len(groups)} groups, {seconds:.0f} s ({found.timings})")
        heads = f"{'precision':>11}{'recall':>9}"
        print(f"\n{'pairs in groups':24}{'true':>8}{'right':>8}{'wrong':>8}{heads}")
        for family in families:
            print(line(family, counts.right[family], counts.wrong[family], each))
        print(line("all", counts.right.total(), counts.wrong.total(), each * len(families)))
        print(
            f"\n{'copies of a page':24}{'true':>8}{'found':>8}{'recall':>9}{'in wrong pairs':>16}"
        )
        true = pages * templates * len(families)
        for kind in COPIES:
            share = counts.copies[kind] / true
            print(f"{kind:24}{true:8}{counts.copies[kind]:8}{share:9.4f}{counts.strayed[kind]:16}")
        removed = [file for file in found.plan().files if file.action != "leave"]
        wrongly = [file for file in removed if not same_page(known, file.path, file.keep)]
        print(f"\nremovable: {len(removed)} files, {len(wrongly)} of them for another page")
        relations = found.pairs["relation"].value_counts().to_dict()
        print(f"\npairs by relation: {relations}; uncertain images: {len(found.uncertain)}")


if __name__ == "__main__":
    half, *rest = sys.argv[1:] or ["reporting"]
    pages, templates, *chosen = rest + ["4", "1"][len(rest) :]
    main(half, int(pages), int(templates), *chosen)
