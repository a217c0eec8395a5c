"""Labelled sets of duplicates: a folder of images, and `labels.csv`, which says what is what.

Columns of `labels.csv`, one row an image:

- `path`: relative to the table;
- `group`: images of one group are duplicates of each other, and of no others;
- `edit`: what was done to the source ("resize-50"), or "original"; empty if it was made up;
- `family`: the family of the edit, or of the hard negatives; empty for other photos;
- `source`: the photo it comes from. Split a set by source, so that no picture is on both sides.
"""

import os
import shutil
import warnings
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from dedup.data._photos import list_photos, open_photo, unique_names
from dedup.data.edits import EDITS, edited_file
from dedup.data.negatives import NEGATIVES, make_negatives

LABELS: Final = "labels.csv"
COLUMNS: Final = ["path", "group", "edit", "family", "source"]


class LabelledFolder:
    """A labelled set while it is written: images at once, the table at the end.

    Parameters
    ----------
    folder : Path
        Made if missing; files of the same names are replaced.
    seed : int
        The same seed and the same calls give the same files.
    max_side : int
        Photos larger than this, in pixels, are reduced before they are edited.
    """

    def __init__(self, folder: Path, *, seed: int, max_side: int) -> None:
        self.folder = folder
        self.seed = seed
        self.max_side = max_side
        self._rows: list[tuple[str, ...]] = []

    def add_photo(self, photo: Path, *, name: str, family: str = "", source: str = "") -> None:
        """Add a photo as it is, the only one of its group; its source is its name if not given."""
        path = f"distinct/{name}{photo.suffix.lower()}"
        shutil.copyfile(photo, self._new(path, name, "original", family, source or name))

    def add_copies(
        self, photo: Path, *, name: str, edits: Sequence[str], backgrounds: Sequence[Path] = ()
    ) -> None:
        """Add a photo and its edited copies; each edit that needs a background takes one."""
        suffix = photo.suffix.lower()
        target = self._new(f"copies/{name}/original{suffix}", name, "original", "", name)
        shutil.copyfile(photo, target)
        image = open_photo(photo, max_side=self.max_side)
        seed = (self.seed, zlib.crc32(name.encode()))
        supply = iter(backgrounds)
        for edit in edits:
            background = None
            if EDITS[edit].needs_background:
                background = open_photo(next(supply), max_side=self.max_side)
            content = edited_file(image, edit=edit, seed=seed, background=background)
            path = f"copies/{name}/{edit}{EDITS[edit].encoding.suffix}"
            self._new(path, name, edit, EDITS[edit].family, name).write_bytes(content)

    def add_negatives(self, family: str, *, count: int, photos: dict[Path, str]) -> None:
        """Add `count` hard negatives of a family, made from the photos (by path: their names)."""
        images = make_negatives(
            family,
            count=count,
            seed=self.seed,
            photos=(open_photo(path, max_side=self.max_side) for path in photos),
        )
        encoding = NEGATIVES[family].encoding
        sources = list(photos.values())
        for number, image in enumerate(images):
            group = f"{family}/{number + 1:02}"  # no photo's name has a slash
            source = sources[number] if sources else group
            target = self._new(f"negatives/{group}{encoding.suffix}", group, "", family, source)
            target.write_bytes(encoding.encode(image))

    def write_labels(self) -> pd.DataFrame:
        """Write the table: a folder that has it is complete. Return it as it is read."""
        labels = pd.DataFrame(self._rows, columns=COLUMNS)
        labels.to_csv(self.folder / LABELS, index=False, lineterminator="\n")
        return read_labels(self.folder)

    def _new(self, path: str, *labels: str) -> Path:
        self._rows.append((path, *labels))
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def make_labelled(
    photos: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    edits: Iterable[str] | None = None,
    negatives: Iterable[str] | None = None,
    sources: int | None = None,
    per_family: int | None = None,
    max_side: int = 1024,
    seed: int = 0,
) -> pd.DataFrame:
    """Make a labelled set of duplicates and hard negatives from photos that all differ.

    No picture is seen in two groups: a photo is a source of copies, or the background of one
    paste, or in one hard negative, or is added as it is. Which photo is what depends on the seed.

    Parameters
    ----------
    photos : path, or iterable of paths
        A folder, searched with those in it, or files. No two may show the same picture; of files
        with identical bytes the first is taken.
    out : path
        A new or empty folder.
    edits : iterable of str, optional
        Names in `EDITS`; all if not given.
    negatives : iterable of str, optional
        Families in `NEGATIVES`; all if not given, none if empty.
    sources : int, optional
        How many photos are copied with every edit; a quarter if not given.
    per_family : int, optional
        How many hard negatives of each family; if not given, half of the photos that are
        neither sources nor backgrounds are used for them. Families made from photos are left
        out, with a warning, where that is less than two of each.
    max_side : int
        Photos larger than this, in pixels, are reduced before they are edited.
    seed : int
        The same seed, photos and settings give the same files, byte for byte.

    Returns
    -------
    pandas.DataFrame
        What `labels.csv` in the folder says, see `read_labels`.

    Raises
    ------
    FileExistsError
        If the folder `out` holds anything.
    ValueError
        If an edit or family is unknown, a photo can't be read, or there are too few photos.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> for i, photo in enumerate(make_negatives("slides", count=3, seed=0)):
    ...     photo.save(folder / f"photo{i}.png")
    >>> edits = ["crop-50", "grey"]
    >>> labels = make_labelled(folder, folder / "set", edits=edits, negatives=[], sources=1)
    >>> labels["edit"].tolist()
    ['original', 'crop-50', 'grey', 'original', 'original']
    >>> labels.equals(read_labels(folder / "set"))
    True
    """
    folder = Path(out)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: give a new folder for the labelled set")
    chosen = _known(edits, EDITS, "edit")
    families = _known(negatives, NEGATIVES, "family of negatives")
    names = unique_names(list_photos(photos))
    plan = _plan(
        list(names),
        edits=chosen,
        families=families,
        sources=sources,
        per_family=per_family,
        seed=seed,
    )

    writer = LabelledFolder(folder, seed=seed, max_side=max_side)
    for photo, backgrounds in tqdm(plan.sources.items(), desc="copies", disable=None):
        writer.add_copies(photo, name=names[photo], edits=chosen, backgrounds=backgrounds)
    for family, used in tqdm(plan.negatives.items(), desc="negatives", disable=None):
        count = len(used) if NEGATIVES[family].needs_photos else plan.drawn
        writer.add_negatives(family, count=count, photos={photo: names[photo] for photo in used})
    for photo in plan.distinct:
        writer.add_photo(photo, name=names[photo])
    return writer.write_labels()


def read_labels(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read the table of a labelled set.

    Parameters
    ----------
    path : path
        A CSV file, or the folder that holds `labels.csv`. The columns `path` and `group` are
        required; `edit`, `family` and `source` are empty where missing.

    Returns
    -------
    pandas.DataFrame
        The columns `path` (as written: relative to the table), `group`, `edit`, `family`,
        `source`, all strings.

    Raises
    ------
    FileNotFoundError
        If there is no table.
    ValueError
        If a column is missing, or a row (counted from 1) has no path or no group, repeats a
        path, or names a file that is not there.
    """
    table = Path(path)
    if table.is_dir():
        table = table / LABELS
    labels = pd.read_csv(table, dtype=str, keep_default_na=False)
    for column in ("path", "group"):
        if column not in labels:
            raise ValueError(f"{table} has no column {column!r}, only {list(labels.columns)}")
    labels = labels.reindex(columns=COLUMNS, fill_value="")
    seen: dict[str, int] = {}
    for row, (file, group) in enumerate(zip(labels["path"], labels["group"], strict=True), 1):
        where = f"{table}, row {row}"
        if not file or not group:
            raise ValueError(f"{where}: the {'group' if file else 'path'} is empty")
        if file in seen:
            raise ValueError(f"{where}: {file} is labelled in row {seen[file]} already")
        if not (table.parent / file).is_file():
            raise ValueError(f"{where}: there is no file {file}")
        seen[file] = row
    return labels


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which photo is used for what; none is used twice."""

    sources: dict[Path, list[Path]]  # each with the backgrounds of its pastes
    negatives: dict[str, list[Path]]  # by family; drawn ones need no photos
    drawn: int  # number of negatives of a drawn family
    distinct: list[Path]


def _plan(
    photos: list[Path],
    *,
    edits: list[str],
    families: list[str],
    sources: int | None,
    per_family: int | None,
    seed: int,
) -> _Plan:
    pastes = sum(EDITS[edit].needs_background for edit in edits)
    framed = [family for family in families if NEGATIVES[family].needs_photos]
    if sources is None:
        sources = max(1, len(photos) // 4)
    left = len(photos) - sources * (1 + pastes)
    count = per_family
    if count is None:
        count = max(0, left) // 2 // max(1, len(framed))
        if framed and count < 2:
            warnings.warn(f"too few photos for these negatives: {', '.join(framed)}", stacklevel=3)
            count = 0
    if left < count * len(framed):
        raise ValueError(
            f"too few photos: {sources} sources, {sources * pastes} backgrounds and "
            f"{count * len(framed)} hard negatives need one each, and there are {len(photos)}; "
            "take fewer sources, or leave out the edits that need a background"
        )
    order = np.random.default_rng(seed).permutation(len(photos))
    supply = iter([photos[i] for i in order])
    return _Plan(
        sources={next(supply): list(islice(supply, pastes)) for _ in range(sources)},
        negatives={
            family: list(islice(supply, count if family in framed else 0)) for family in families
        },
        drawn=max(2, count) if per_family is None else per_family,
        distinct=list(supply),
    )


def _known(names: Iterable[str] | None, table: Mapping[str, object], what: str) -> list[str]:
    """Check the names asked for; none means all."""
    chosen = list(table) if names is None else list(names)
    for name in chosen:
        if name not in table:
            raise ValueError(f"there is no {what} {name!r}, only {', '.join(table)}")
    return chosen
