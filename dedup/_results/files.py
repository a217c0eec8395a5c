"""What can be done with the files of a result: plan, tables, group ids."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from dedup._acting.plan import Plan
from dedup._acting.planning import make_plan
from dedup._catalogue.record import Record
from dedup._grouping.groups import Group
from dedup._results.choices import Resolved
from dedup._results.exports import Relation, group_ids, groups_table, write_table
from dedup._search.settings import Settings
from dedup.errors import InputError

__all__ = ["ResultFiles"]


class ResultFiles(ABC):
    """The half of `Duplicates` that is about files and not about pairs."""

    _files: Mapping[int, Sequence[Record]]
    _names: Mapping[str, str]
    _settings: Settings
    _choices: Resolved

    @property
    @abstractmethod
    def groups(self) -> list[Group]:
        """The groups, by the path of the file to keep."""

    @property
    @abstractmethod
    def pairs(self) -> pd.DataFrame:
        """The pairs."""

    @abstractmethod
    def _relation(self, keep: Record, other: Record) -> Relation | None:
        """Relation and score of two files; None if the one was not verified against the other."""

    @cached_property
    def run(self) -> str:
        """Hexadecimal id of this result: the same for the same images and settings."""
        settings = self._settings
        keep = settings.keep if isinstance(settings.keep, str) else "callable"
        said = [settings.model.method, settings.verify, settings.value, settings.candidates, keep]
        digests = sorted(record.digest for files in self._files.values() for record in files)
        text = "\n".join([repr(said), *sorted(settings.relations), *digests])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def savings(self) -> int:
        """Bytes of the files that groups would remove.

        As they were indexed; `plan().savings` is what is really freed, where some are protected
        or hard links to one another.
        """
        return sum(self._records[path].size for group in self.groups for path in group.remove)

    @property
    def unapplied(self) -> pd.DataFrame:
        """What of `with_choices` does not fit this result: `choice` and `reason`."""
        problems = self._choices.problems
        columns = zip(*problems, strict=True) if problems else ((), ())
        return pd.DataFrame(
            {
                name: pd.Series(values, dtype=object)
                for name, values in zip(("choice", "reason"), columns, strict=True)
            }
        )

    def plan(
        self,
        *,
        action: str = "quarantine",
        quarantine: str | os.PathLike[str] | None = None,
        protect: Iterable[str | os.PathLike[str]] = (),
        unverified: bool = False,
        permanently: bool = False,
    ) -> Plan:
        """Plan what to do with the surplus files of the groups; nothing is touched before `apply`.

        Only files that were verified against the one to keep are acted on: those with the same
        pixels, and those of an accepted pair with it. The others, what has more frames or bits
        or is transparent where the one to keep is not, what is protected, and what is the same
        file under another name (a hard link), are left alone, with the reason.

        Parameters
        ----------
        action : {"quarantine", "hardlink", "delete"}
            "quarantine" moves the files into a folder. "hardlink" replaces those with the very
            bytes of the file to keep by hard links to it, and leaves the others alone.
            "delete" can't be undone.
        quarantine : path, optional
            The plan makes a folder of its own in this one. By default `.dedup-quarantine` in
            the folder that all images have in common. Later searches pass it over.
        protect : paths
            Folders, or files, that are never touched. A file in there is rather kept than
            another.
        unverified : bool
            Act on all files of a group.
        permanently : bool
            That "delete" is meant.

        Raises
        ------
        InputError
            If there is no such action, a protected folder does not exist, or "delete" is not
            said to be meant.

        Examples
        --------
        >>> import dedup
        >>> photos = getfixture("sample_folder")
        >>> found = dedup.find_duplicates(photos, method="phash", cache=False)
        >>> plan = found.plan(quarantine=getfixture("tmp_path"))
        >>> len(plan), plan.action, plan.table["relation"][0]
        (6, 'quarantine', 'exact')
        """
        key = {name: path for path, name in self._names.items()}
        return make_plan(
            [[self._records[path] for path in group.paths] for group in self.groups],
            relate=self._relation,
            action=action,
            quarantine=quarantine,
            protect=protect,
            unverified=unverified,
            permanently=permanently,
            among=self._records.values(),
            chosen={key[name] for name in self._choices.keep},
            apart={frozenset(key[name] for name in pair) for pair in self._choices.apart},
        )

    def to_frame(self) -> pd.DataFrame:
        """The files of the groups as a table, one a row.

        Columns: `path`; `group`, counted from 0; `keep`, whether it is the one to keep;
        `relation` and `score` of it and that one, as in `pairs`, the cosine where nothing was
        verified, empty where the two were not paired; `size` in bytes; `width` and `height` in
        pixels; `format`.
        """
        groups = []
        for group in self.groups:
            first, *others = records = [self._records[path] for path in group.paths]
            relations = [None, *(self._relation(first, record) for record in others)]
            groups.append((group.paths, records, relations))
        return groups_table(groups)

    def save(self, path: str | os.PathLike[str], *, table: str = "groups") -> None:
        """Write the groups, as `to_frame` gives them, or the pairs to a file.

        A name that is not UTF-8 is written to CSV as the bytes that it is (read it with
        `pandas.read_csv(..., dtype=object, encoding_errors="surrogateescape")`), and to JSON
        with the escapes that Python reads back. Parquet can't hold it: it gets "bytes:" and its
        bytes in hexadecimal.

        CSV is for spreadsheets too, which take what begins with =, +, -, @, a tab or a carriage
        return for a formula: such a text gets an apostrophe in front, and so does one that has
        apostrophes before such a beginning. `dedup.labels.read_labels` takes it away again;
        JSON and Parquet have none.

        Parameters
        ----------
        path : path
            Ends in .csv, .json or .parquet.
        table : {"groups", "pairs"}

        Raises
        ------
        InputError
            If there is no such table or format, or the file can't be written.
        MissingExtra
            If what writes Parquet is not installed.
        """
        if table not in ("groups", "pairs"):
            raise InputError(f"table={table!r}: expected groups or pairs")
        write_table(self.to_frame() if table == "groups" else self.pairs, path)

    def group_ids(self, paths: Iterable[str | os.PathLike[str]]) -> npt.NDArray[np.int64]:
        """A number for each file, the same for duplicates: `groups` of scikit-learn's `GroupKFold`.

        Files without duplicates have numbers of their own.

        Parameters
        ----------
        paths : iterable of paths
            Images of this search.

        Returns
        -------
        ndarray, shape (n,), int64

        Raises
        ------
        InputError
            If a path is none of the images, or was skipped.

        Examples
        --------
        >>> import dedup
        >>> photos = getfixture("sample_folder")
        >>> found = dedup.find_duplicates(photos, method="phash", cache=False)
        >>> found.group_ids([photos / "chelsea.png", photos / "chelsea.bmp"]).tolist()
        [0, 0]
        """
        return group_ids(paths, groups=self.groups, names=self._names)

    @cached_property
    def _records(self) -> dict[str, Record]:
        """What the index holds of each file, by its name."""
        return {self._names[r.path]: r for files in self._files.values() for r in files}

    @cached_property
    def _pictures(self) -> dict[str, int]:
        """The picture that each file shows, by its absolute path."""
        return {r.path: picture for picture, records in self._files.items() for r in records}
