"""The tables of a result: its groups, its pairs, what was skipped, what is uncertain."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._base.pairs import Pair
from dedup._base.tables import table_of
from dedup._catalogue.exact_copies import exactly
from dedup._grouping.groups import Group
from dedup._search.copies import copies_among
from dedup._search.outcome import Outcome
from dedup._search.reasons import why_kept, why_retained
from dedup._search.settings import Settings
from dedup._verification.evidence import describe, relation_of

__all__ = ["groups_of", "pairs_table", "skipped_table", "uncertain_table"]

_COLUMNS = {
    "a": object,
    "b": object,
    "similarity": float,
    "bits": float,
    "relation": object,
    "score": float,
    "overlap": float,
    "only_a": float,
    "only_b": float,
    "detail": float,
    "edit": object,
    "marked": bool,
    "apart": object,
}


def groups_of(found: Outcome, pairs: pd.DataFrame) -> list[Group]:
    """The groups, by the path of the file to keep; `pairs` is the table of all."""
    members = [members for members in found.settled if len(members) > 1]
    grouped = {picture for pictures in members for picture in pictures}
    members += [
        [picture]
        for picture, files in found.files.items()
        if picture not in grouped and any(found.copies(files))
    ]
    paths = sorted(_paths(found, pictures) for pictures in members)
    home = {path: number for number, group in enumerate(paths) for path in group}
    rows: dict[int, list[int]] = defaultdict(list)
    for row, ends in enumerate(zip(pairs["a"], pairs["b"], strict=True)):
        a, b = (home.get(end, -1) for end in ends)
        if a == b:
            rows[a].append(row)
    return [_group(found, group, pairs.iloc[rows[i]]) for i, group in enumerate(paths)]


def _group(found: Outcome, paths: Sequence[str], pairs: pd.DataFrame) -> Group:
    """A group of some files, the one to keep first, and why some stay beside it."""
    keep, *others = paths
    records = found.records
    why = {path: why_retained(found, records[keep], records[path]) for path in others}
    more = [records[path] for path in others if why[path]]
    instead = {
        found.names[record.path]: found.names[other.path]
        for record, other in copies_among(found, more)
    }
    remove = [path for path in others if not why[path] or path in instead]
    retain = {path: why[path] for path in others if why[path] and path not in instead}
    kept = why_kept(found, records[keep], [records[path] for path in others])
    return Group(keep, remove, pairs, retain, kept, instead)


def _paths(found: Outcome, pictures: Sequence[int]) -> list[str]:
    """The files of a group as the user named them, the one to keep first."""
    keeper, *others = pictures
    ranked = [keeper, *sorted(others)]
    names = [found.names[r.path] for picture in ranked for r in found.files[picture]]
    return sorted(names, key=lambda name: name not in found.chosen)


def pairs_table(found: Outcome) -> pd.DataFrame:
    """The pairs that were accepted, and those of one scene or layout; see `Duplicates.pairs`."""
    exact = ("exact", 1.0, 1.0, 0.0, 0.0, 1.0)
    rows: list[tuple[Any, ...]] = [
        (
            *(found.names[record.path] for record in (a, b)),
            *_alike(found.settings, 1.0),
            *exact,
            exactly(a, b),
            False,
            "",
        )
        for files in found.files.values()
        for a, b in found.copies(files)
    ]
    rows += [row for pair in found.accepted for row in _rows(found, pair)]
    # Sorted here, not by pandas, which fails on names that are not UTF-8.
    rows.sort(key=lambda row: (row[4], -(row[5] or 0), -(row[2] or 0), row[:2]))
    table = table_of(rows, _COLUMNS)
    after = table.columns.get_loc("score") + 1
    table.insert(after, "probability", _probabilities(found.settings, table))
    return table


def _rows(found: Outcome, pair: Pair) -> Iterator[tuple[Any, ...]]:
    """A pair of pictures as rows: their best files, or files of both sets."""
    a, b = (found.files[picture] for picture in found.verifier.directed(pair))
    ends = [(a[0], b[0])] if found.sets is None else found.sets.across(a, b)
    alike = _alike(found.settings, found.similarity.get(pair))
    marked = found.candidates.constraints.get(pair, False)
    seen = found.verifier.evidence(pair) if found.settings.verify else None
    what: tuple[Any, ...] = ("near", None, None, None, None, None, "")
    if seen is not None:
        relation = "near" if marked else relation_of(seen, accepted=True)
        what = (relation, seen.score, seen.overlap_a, *_shown(found, pair), describe(seen))
    between = found.regrouped.conflicts.get(pair)
    apart = "" if between is None else found.name(between)
    for files in ends:
        names = (found.names[record.path] for record in files)
        yield (*names, *alike, *what, marked, apart)


def _shown(found: Outcome, pair: Pair) -> tuple[float | None, float | None, float | None]:
    """What only a and only b shows, and the detail, of a pair with a file to keep."""
    if pair not in found.with_keepers:
        return None, None, None
    seen = found.verifier.covering.of(*found.verifier.directed(pair))
    if seen is None:
        return None, None, None
    return seen.a.share, seen.b.share, seen.detail.ratio


def _alike(settings: Settings, similarity: float | None) -> tuple[float | None, float | None]:
    """A cosine, and the bits that differ."""
    if similarity is None or not settings.measure.bits:
        return similarity, None
    return similarity, settings.measure.value_of(similarity)


def _probabilities(settings: Settings, table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Of being duplicates, for rows of pairs, by the calibration of a tuned threshold."""
    tuned = settings.tuned
    if tuned is None:
        return np.full(len(table), np.nan)
    column = {"score": "score", "cosine": "similarity", "bits": "bits"}[tuned.quantity]
    alike = table["relation"].isin(["scene", "lookalike"])
    known = np.where(alike, np.nan, tuned.probability(table[column]))
    return np.where(table["relation"] == "exact", 1.0, known)


def skipped_table(found: Outcome) -> pd.DataFrame:
    """What was left out, also what changed or vanished since it was indexed."""
    found.similarity  # noqa: B018  reads what is reported
    looked_at = found.links.decision.asked()
    if not found.settings.verify:
        looked_at = found.candidates.proposed or {}
    asked = {picture for pair in looked_at for picture in pair}
    rows = [(skipped.path, skipped.reason) for skipped in found.left_out]
    rows += [
        (found.names[record.path], reason)
        for picture, reason in found.verifier.pictures.unreadable.items()
        if picture in asked
        for record in found.files[picture]
    ]
    return table_of(sorted(rows), {"path": object, "reason": object})


def uncertain_table(found: Outcome) -> pd.DataFrame:
    """Images of which nobody can tell, and how many candidates resemble each."""
    count: dict[int, int] = defaultdict(int)
    for pair in found.links.decision.asked() if found.settings.verify else ():
        seen = found.verifier.evidence(pair)
        if seen is None or seen.relation != "uncertain":
            continue
        # What was read again was so at its score: another threshold may have asked for that.
        if not seen.read or seen.score >= found.settings.cut:
            for picture in pair:
                count[picture] += 1
    for pair, similarity in found.candidates.similarity.items():
        for picture in found.candidates.blank & set(pair):
            count[picture] += similarity >= found.settings.cut
    rows = sorted((found.name(picture), number) for picture, number in count.items())
    return table_of(rows, {"path": object, "candidates": int})
