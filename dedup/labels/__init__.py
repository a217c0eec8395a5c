"""Labelled duplicates: which images show the same picture, from a table or made from photos.

Two tables are understood, as `read_labels` reads them. Paths are relative to the table's folder.

- Groups, one row an image: `path`, `group` (images of one group are duplicates of each other,
  and of no others), and if they are known `edit`, `family`, `source`.
- Pairs, one row a pair: `a`, `b`, `label` (1, true, yes or duplicate; 0, false, no or different),
  and if they are known `edit`, `family`, `source_a`, `source_b`.

In CSV a path that begins with =, +, -, @, a tab or a carriage return has an apostrophe in front, so
that no spreadsheet takes it for a formula: `Labels.write` puts it there, `read_labels` takes it
away.

The source is the photo that an image comes from. A set is split by source, so that no picture is
on both sides.
"""

import os
from collections.abc import Iterable, Sequence

from dedup.data import labelled
from dedup.errors import InputError
from dedup.labels._forms import Given, label_table
from dedup.labels._labels import Labels

__all__ = ["Labels", "make_labelled", "read_labels"]


def read_labels(
    labels: Labels | Given,
    *,
    columns: Sequence[str] | None = None,
    folder: str | os.PathLike[str] | None = None,
    strict: bool = False,
) -> Labels:
    """Labels from what people have them in.

    Parameters
    ----------
    labels : path, DataFrame, mapping, or iterable of rows
        A file: `.csv` or `.tsv` (parted by commas, semicolons or tabs), `.jsonl` or `.json`,
        `.parquet`. A folder: what `make_labelled` wrote, or one sub-folder for each group of
        duplicates, beside which lie images that have none. A table, or rows in order:
        `(a, b, label)` or `(path, group)`. `Labels` are given back as they are.
    columns : sequence of str, optional
        What the table calls its columns: three names, of `a`, `b` and `label`, or two, of `path`
        and `group`.
    folder : path, optional
        What relative paths are relative to; if not given the file's own folder, and of other
        tables the working directory.
    strict : bool
        Refuse a row whose files are not there. Otherwise it is left out, with a warning, and
        counted in `left_out`.

    Raises
    ------
    InputError
        If there is no such file, or the table is not as `dedup.labels` describes it; names the
        row, counted from 1.

    Examples
    --------
    >>> folder = getfixture("sample_folder")
    >>> read_labels(
    ...     [("chelsea.png", "chelsea.bmp", "yes"), ("chelsea.png", "coffee.jpg", "no")],
    ...     folder=folder,
    ... )
    <Labels of 3 images: 1 pair of duplicates, 1 of others>
    """
    if isinstance(labels, Labels):
        return labels
    table, is_pairs, beside = label_table(labels, columns=columns)
    of_table = Labels.of_pairs if is_pairs else Labels.of_groups
    return of_table(table, folder=beside if folder is None else folder, strict=strict)


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
) -> Labels:
    """Make a labelled set of edited copies and hard negatives from photos that all differ.

    Parameters
    ----------
    photos : path, or iterable of paths
        A folder, searched with those in it, or files. No two may show the same picture.
    out : path
        A new or empty folder: images, and `labels.csv`.
    edits : iterable of str, optional
        Names of edits with their strength ("crop-50"), of `dedup.data.edits.EDITS`; all if not
        given.
    negatives : iterable of str, optional
        Families of hard negatives ("text-pages"), of `dedup.data.negatives.NEGATIVES`; all if
        not given.
    sources : int, optional
        How many photos are copied with every edit; a quarter if not given.
    per_family : int, optional
        How many hard negatives of each family.
    max_side : int
        Photos larger than this, in pixels, are reduced before they are edited.
    seed : int
        The same seed, photos and settings give the same files, byte for byte.

    Raises
    ------
    InputError
        If the folder is not empty, an edit or family is unknown, a photo can't be read, or
        there are too few photos.

    Examples
    --------
    >>> out = getfixture("tmp_path") / "labelled"
    >>> labels = make_labelled(
    ...     getfixture("folder"), out, edits=["crop-50", "grey"], negatives=[], sources=2
    ... )
    >>> labels
    <Labels of 10 images: 4 pairs of duplicates, 35 of others>
    """
    try:
        labelled.make_labelled(
            photos,
            out,
            edits=edits,
            negatives=negatives,
            sources=sources,
            per_family=per_family,
            max_side=max_side,
            seed=seed,
        )
    except (ValueError, FileExistsError, FileNotFoundError) as error:
        raise InputError(str(error)) from error
    return read_labels(out)
