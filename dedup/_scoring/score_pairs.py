"""Score labelled pairs: embed their images once, align them, for every threshold to come."""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._base.arrays import Vectors
from dedup._base.options import DEFAULT
from dedup._base.pairs import Pair, ordered
from dedup._base.progress import bar
from dedup._catalogue.discover import Skipped, discover
from dedup._catalogue.record import Record
from dedup._index.cached import with_own_index
from dedup._index.find import index_name
from dedup._index.open_index import OpenIndex
from dedup._search.settings import Settings
from dedup._tuning.scored_pairs import ScoredPairs
from dedup._verification.evidence_cache import EvidenceCache
from dedup._verification.feature_cache import FeatureCache
from dedup._verification.pictures import Pictures
from dedup._verification.verify import Verifier
from dedup.labels import Labels, read_labels
from dedup.labels._forms import Given
from dedup.pipelines.models.methods import Method, model
from dedup.pipelines.models.own_models import Model

__all__ = ["score_pairs"]

# Without verification every pair has a similarity; of those that are no duplicates only the
# most similar are listed.
_MOST_LISTED = 50_000
_BLOCK = 1_024
_LABELS = ["edit", "family", "source_a", "source_b"]

# Relations that some threshold accepts; "scene", "lookalike" and "uncertain" none does.
_DECIDED = ("near", "different")
# Score below which no threshold is sought.
_LEAST_READ = 0.1

Positions: TypeAlias = npt.NDArray[np.intp]
_Mask: TypeAlias = npt.NDArray[np.bool_]


def score_pairs(
    labels: Labels | Given,
    *,
    columns: Sequence[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    strict: bool = False,
    method: str | Model | Method = DEFAULT,
    device: str = "cpu",
    verify: bool = True,
    candidates: float | None = None,
    cache: bool = True,
    progress: bool = True,
) -> ScoredPairs:
    """Embed labelled images, and score their labelled pairs: one pass for every threshold.

    All pairs may be duplicates, or none: only `tune` needs both. Of groups with edits, each
    edited copy is paired with what is unedited: copies are asked for among originals.

    Parameters
    ----------
    labels : Labels, path, DataFrame or rows
        In any form that `dedup.labels.read_labels` takes. Images that can't be read are left
        out, with a warning.
    columns, folder, strict
        As in `dedup.labels.read_labels`.
    method, device, verify, candidates, cache, progress
        As in `find_duplicates`.

    Examples
    --------
    >>> from dedup.labels import make_labelled
    >>> out = getfixture("tmp_path") / "labelled"
    >>> labels = make_labelled(
    ...     getfixture("folder"), out, edits=["crop-50", "grey"], negatives=[], sources=2
    ... )
    >>> score_pairs(labels, cache=False).table.query("label")[["edit"]].squeeze().tolist()
    ['crop-50', 'grey', 'crop-50', 'grey']
    """
    labels = read_labels(labels, columns=columns, folder=folder, strict=strict)
    chosen = model(method, device=device)
    # Without verification nothing is cut off: every labelled pair is scored.
    threshold = None if verify or chosen.defaults is None else 0
    settings = Settings(threshold, candidates, verify, method=chosen)
    # Without verification the similarity decides, and that is the reranker's.
    embedded_by = chosen if verify else chosen.reranker or chosen
    features = FeatureCache() if verify else None
    known = _Known.of(labels, method=embedded_by, features=features, cache=cache, progress=progress)
    floor = settings.floor(images=len(known.paths))
    listed = known.pairs_of(labels, floor=floor if verify else None)
    table = listed.table
    if verify:
        files = {record.picture: [record] for record in known.records}
        verifier = Verifier(
            Pictures(files, images={}),
            features=features,
            evidence_cache=EvidenceCache(chosen.reranker) if cache else None,
            reranker=chosen.reranker,
        )
        table["score"] = _verified(table, known, verifier, floor=floor, progress=progress)
    else:
        table["score"] = settings.measure.values(table["similarity"])
    return ScoredPairs(
        table[["a", "b", "label", "score", "similarity", *_LABELS]],
        quantity="score" if verify else chosen.measure,
        method=chosen.method,
        properties=chosen.properties,
        images=len(known.paths),
        negatives=listed.negatives,
        distinct=listed.distinct,
        floor=listed.floor,
    )


class _Listed(NamedTuple):
    """Labelled pairs, and what is known of those that are not listed; see `ScoredPairs`."""

    table: pd.DataFrame
    negatives: int
    distinct: int
    floor: float


@dataclass(frozen=True, eq=False)
class _Known:
    """Labelled images that could be read: their records, and a unit vector each."""

    paths: list[str]
    records: list[Record]
    vectors: Vectors

    @classmethod
    def of(
        cls,
        labels: Labels,
        *,
        method: Method,
        features: FeatureCache | None,
        cache: bool,
        progress: bool,
    ) -> "_Known":
        paths = labels.paths

        def embedded(uri: Path) -> tuple[list[Skipped], dict[str, Record], Vectors]:
            with closing(OpenIndex(uri, model=method, cache=cache, progress=progress)) as index:
                added = index.add(discover(paths), features=features, recalls=cache)
                return added.skipped, *index.known(paths)

        name = index_name(paths, method=method, regions=False) if cache else None
        skipped, by_path, vectors = with_own_index(embedded, name=name)
        for one in skipped:
            warnings.warn(f"{one.path}: {one.reason}; its labels are left out", stacklevel=3)
        return cls(list(by_path), list(by_path.values()), vectors)

    def pairs_of(self, labels: Labels, *, floor: float | None) -> _Listed:
        """The labelled pairs with their similarity.

        Of groups: all pairs within them, and those across them that reach the floor; without
        one, the most similar.
        """
        return self._of_groups(labels, floor) if not labels.is_pairs else self._of_pairs(labels)

    def _of_pairs(self, labels: Labels) -> _Listed:
        table = labels.table
        readable = table["a"].isin(self._position) & table["b"].isin(self._position)
        table = table[readable].reset_index(drop=True)
        a, b = (table[end].map(self._position).to_numpy(np.intp) for end in ("a", "b"))
        table["similarity"] = np.einsum("ij,ij->i", self.vectors[a], self.vectors[b])
        negative = ~table["label"].astype(bool)
        plain = negative & (table["edit"] == "") & (table["family"] == "")
        return _Listed(table, int(negative.sum()), int(plain.sum()), -1.0)

    def _of_groups(self, labels: Labels, floor: float | None) -> _Listed:
        files = labels.table.assign(reference=labels.is_reference).set_index("path")
        files = files.loc[self.paths].reset_index()
        # References first: a pair is a reference and any image after it.
        files = files.sort_values("reference", ascending=False, kind="stable", ignore_index=True)
        vectors = self.vectors[files["path"].map(self._position).to_numpy(np.intp)]
        blocks = _Blocks(vectors, pd.factorize(files["group"])[0], int(files["reference"].sum()))
        floor = blocks.floor(most=_MOST_LISTED) if floor is None else floor
        a, b, similarity = blocks.pairs(floor=floor)
        table = _rows(files, a, b).assign(similarity=similarity)
        return _Listed(table, blocks.across, _distinct(files[files["reference"]]), floor)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {path: position for position, path in enumerate(self.paths)}


class _Blocks:
    """Similarities of references with all images after them, a block of rows at a time."""

    def __init__(self, vectors: Vectors, groups: Positions, references: int) -> None:
        self._vectors = vectors
        self._groups = groups
        self._references = references
        self.across = sum(int(across.sum()) for _, _, _, across in self._each())

    def floor(self, *, most: int) -> float:
        """The similarity that so many pairs across groups reach."""
        edges = np.linspace(-1, 1, 4_001)
        counts = np.zeros(len(edges) - 1, np.int64)
        for _, similarity, _, across in self._each():
            counts += np.histogram(similarity[across].clip(-1, 1), edges)[0]
        reach = counts[::-1].cumsum()[::-1]
        return float(edges[np.argmax(reach <= most)]) if reach[0] > most else -1.0

    def pairs(self, *, floor: float) -> tuple[Positions, Positions, Vectors]:
        """Pairs within groups, and those that reach the floor: positions and similarities."""
        rows, columns, similarities = [], [], []
        for start, similarity, within, across in self._each():
            row, column = np.nonzero(within | (across & (similarity >= floor)))
            rows.append(row + start)
            columns.append(column)
            similarities.append(similarity[row, column])
        return np.concatenate(rows), np.concatenate(columns), np.concatenate(similarities)

    def _each(self) -> Iterator[tuple[int, Vectors, _Mask, _Mask]]:
        """First row, similarities, and which of them are of pairs within and across groups."""
        columns = np.arange(len(self._vectors))
        for start in range(0, self._references, _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, self._references))
            after = columns > rows[:, None]
            same = self._groups[rows][:, None] == self._groups
            yield start, self._vectors[rows] @ self._vectors.T, same & after, ~same & after


def _rows(files: pd.DataFrame, a: Positions, b: Positions) -> pd.DataFrame:
    """Pairs of files, given by position, as rows with labels."""
    first, second = (files.iloc[ends].reset_index(drop=True) for ends in (a, b))
    label = first["group"] == second["group"]
    # What is said of an unedited image is its family of hard negatives, of others their edit.
    hard = (first["family"] == second["family"]) & second["reference"]
    return pd.DataFrame(
        {
            "a": first["path"],
            "b": second["path"],
            "label": label,
            "edit": second["edit"].where(~second["reference"], ""),
            "family": second["family"].where(label | hard, ""),
            "source_a": first["source"],
            "source_b": second["source"],
        }
    )


def _distinct(references: pd.DataFrame) -> int:
    """Pairs of unedited images that are neither of one group nor of one hard family."""
    alike = references["family"].where(references["family"] != "", references["group"])
    sizes = alike.value_counts().to_numpy()
    return int(len(references) * (len(references) - 1) / 2 - (sizes * (sizes - 1) / 2).sum())


def _verified(
    table: pd.DataFrame, known: _Known, verifier: Verifier, *, floor: float, progress: bool
) -> list[float]:
    """The verification's score of each pair; none where no threshold would accept it."""
    by_path = dict(zip(known.paths, known.records, strict=True))
    pairs = [
        ordered(by_path[a].picture, by_path[b].picture)
        for a, b in table[["a", "b"]].itertuples(index=False)
    ]
    proposed = {
        pair
        for pair, similarity in zip(pairs, table["similarity"], strict=True)
        if similarity >= floor and pair[0] != pair[1]
    }
    with bar(total=len(proposed), title="verifying", unit=" pairs", shown=progress) as shown:
        verifier.advance = shown.update
        verifier.verify(pair for pair in pairs if pair in proposed)
        verifier.read_again(proposed, threshold=_LEAST_READ)

    def score(pair: Pair) -> float:
        seen = verifier.evidence(pair)
        if pair[0] == pair[1]:
            return 1.0
        return seen.score if seen is not None and seen.relation in _DECIDED else np.nan

    return [score(pair) for pair in pairs]
