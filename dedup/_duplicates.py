"""`Duplicates`: what a search found, and all that can be done with it."""

import os
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dedup._acting.plan import Plan
from dedup._acting.planning import make_plan
from dedup._base.options import EDITED
from dedup._base.text import counted
from dedup._results.exports import conflicts_table, without
from dedup._results.result import Result
from dedup._search.reasons import lacks, why_kept
from dedup._viewing.explanation import Explanation, explain
from dedup._viewing.notebook import GroupsView
from dedup._viewing.report import write_report
from dedup._viewing.review import Remembers, Review
from dedup.errors import InputError

__all__ = ["Duplicates"]


class Duplicates(Result):
    """Duplicates that were found, at one threshold; `at` gives them at another.

    In a notebook it shows its groups as pictures.

    Attributes
    ----------
    embedded : int
        Images that were embedded in this run.
    timings : mapping of str to float
        Seconds of the search by stage: "discover" (list the files), "embed" (read, recognise
        copies, decode, embed, store), "propose" (search for pairs), "verify" (align them),
        "group", and with `verify=False` perhaps "rerank" (embed what is proposed with a larger
        network). And `found.timings.compared`: how many pairs were aligned in this run.
        `str(found.timings)` is a line for people.
    """

    def explain(self, a: str, b: str) -> Explanation:
        """Say what happened from one image to another, whether they were paired or not.

        Parameters
        ----------
        a, b : str
            Paths, as this result names them, or of any other image.

        Raises
        ------
        DecodeError
            If one can't be read.
        """
        found = self._outcome
        known = found.records
        sources = (found.source(known[path]) if path in known else path for path in (a, b))
        return explain(*sources, reranker=found.settings.model.reranker)

    def plan(
        self,
        *,
        action: str = "quarantine",
        quarantine: str | os.PathLike[str] | None = None,
        protect: Iterable[str | os.PathLike[str]] = (),
        unverified: bool = False,
        permanently: bool = False,
        edited: str = "retain",
        lossy: bool = False,
        metadata: str = "tell",
    ) -> Plan:
        """Plan what to do with the surplus files of the groups; nothing is touched before `apply`.

        A file is acted on only if a file that is kept shows everything that it shows, at no less
        detail: it has the same pixels, or it is of an accepted pair with it, and lacks nothing.
        The others (those that show more of the scene, a caption, colours, finer detail, more
        frames or bits, or transparency), what is protected, and what is the same file under
        another name (a hard link), are left alone, with the reason.

        What belongs to a file (sidecars, the film of a live photo, the RAW file of the shot) goes
        with it, in rows of its own; or, if it can't, both stay.

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
        edited : {"retain", "remove"}
            What to do with a copy on which something was put, or around which (a caption, text):
            it shows that, so that it stays, unless "remove" is said.
        lossy : bool
            Act also on files that show something that the one to keep does not.
        metadata : {"tell", "sidecar"}
            What to do where a file that goes knows a date, a place, a rating or keywords that the
            one to keep does not know: the plan says so; "sidecar" also writes it beside the one
            to keep, as `IMG.jpg.xmp`, unless that has an XMP sidecar already.

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
        if edited not in EDITED:
            raise InputError(f"edited={edited!r}: expected one of {', '.join(EDITED)}")
        found = self._outcome
        key = {name: path for path, name in found.names.items()}
        return make_plan(
            [[found.records[path] for path in group.paths] for group in self.groups],
            relate=found.relation,
            lacks=lambda keep, other: "" if lossy else lacks(found, keep, other, edited=edited),
            why=lambda keep, other: why_kept(found, keep, [other]),
            action=action,
            quarantine=quarantine,
            protect=protect,
            unverified=unverified,
            permanently=permanently,
            among=found.records.values(),
            chosen={key[name] for name in self._choices.keep},
            cannot_link={
                frozenset(key[name] for name in pair) for pair in self._choices.cannot_link
            },
            instead={
                found.records[path].path: found.records[other]
                for group in self.groups
                for path, other in group.instead.items()
            },
            metadata=metadata,
        )

    def drop_from(self, data: Any) -> Any:
        """A data set without the rows that are duplicates of what is left, see `Group.remove`.

        Parameters
        ----------
        data : datasets.Dataset or DataFrame
            A data set that was searched; or a table with a column `path`, whose index stays.

        Returns
        -------
        datasets.Dataset or DataFrame
            A new one; `data` is left as it is.

        Raises
        ------
        InputError
            If it is something else, or none of it was searched.

        Examples
        --------
        >>> import dedup, pandas as pd
        >>> table = pd.DataFrame({"path": sorted(getfixture("sample_folder").iterdir())})
        >>> found = dedup.find_duplicates(table, method="phash", cache=False)
        >>> len(table), len(found.drop_from(table))
        (8, 2)
        """
        surplus = {path for group in self.groups for path in group.remove}
        return without(data, surplus, found=self._outcome)

    def conflicts(self, labels: Mapping[str, Any] | pd.DataFrame | None = None) -> pd.DataFrame:
        """The groups whose files have several labels: one picture in two classes is label noise.

        Parameters
        ----------
        labels : mapping of path to label, or DataFrame with the columns `path` and `label`
            By default a file's label is the name of the folder that it lies in.

        Returns
        -------
        DataFrame
            The files of these groups, one a row: `group`, as `to_frame` counts them, `path`, and
            `label`, empty of a file that has none.

        Raises
        ------
        InputError
            If the table has other columns, or all labels are of other files; some that are give
            a warning.

        Examples
        --------
        >>> import dedup
        >>> found = dedup.find_duplicates(getfixture("sample_folder"), cache=False)
        >>> first, second = found.groups[0].paths[:2]
        >>> found.conflicts({first: "cat", second: "dog"})["label"].tolist()[:2]
        ['cat', 'dog']
        """
        return conflicts_table(self._outcome, self.groups, labels, skipped=self.skipped["path"])

    def show(self, *, start: int = 0, groups: int = 10) -> GroupsView:
        """Some of the groups as pictures, in a notebook; `found` itself shows the first ten.

        Parameters
        ----------
        start : int
            The first one, counted from 0.
        groups : int
            How many.

        Raises
        ------
        InputError
            If there is no such group.

        Examples
        --------
        >>> from dedup import find_duplicates
        >>> found = find_duplicates(getfixture("sample_folder"), cache=False)
        >>> print(str(found.show(start=1)).splitlines()[-1])
        groups 2 to 2 of 2
        """
        if groups < 1 or not 0 <= start < max(1, len(self.groups)):
            raise InputError(f"start={start}, groups={groups}: there are {len(self.groups)} groups")
        shown = self.groups[start : start + groups]
        return GroupsView(repr(self), [*map(self._members, shown)], start, len(self.groups))

    def report(
        self,
        path: str | os.PathLike[str],
        *,
        title: str = "Duplicates",
        thumbnails: int = 160,
        overwrite: bool = False,
        progress: bool = True,
    ) -> None:
        """Write the groups as one page for any browser, which needs no network and no other file.

        There the groups can be filtered and sorted, each pair is explained, and what to keep
        and what is no duplicate can be chosen: the page exports these choices, and touches no
        file. What is in no group for a reason, `skipped` and `uncertain`, is listed too. Where it
        can reach the images, in their places relative to its own, it shows them in full size
        beside an explanation.

        Parameters
        ----------
        path : path
            The page, "duplicates.html"; an earlier page is replaced, any other file is not.
        title : str
        thumbnails : int
            Longest side of the small pictures in pixels, 0 to 1024; 0 for none. At 160 the page
            takes about 5 KB for each file of a group, at 96 about 2 KB, and 0.3 KB without.
        overwrite : bool
            Replace whatever file is there.
        progress : bool
            Show a progress bar where a person can see it.

        Raises
        ------
        InputError
            If the page can't be written, another file is there, or the side is out of range.

        Examples
        --------
        >>> from dedup import find_duplicates
        >>> found = find_duplicates(getfixture("sample_folder"), cache=False)
        >>> page = getfixture("tmp_path") / "duplicates.html"
        >>> found.report(page, title="Holiday", thumbnails=96)
        >>> "<title>Holiday</title>" in page.read_text()
        True
        """
        groups = [self._members(group) for group in self.groups]
        write_report(
            path,
            groups,
            skipped=self.skipped,
            uncertain=self.uncertain,
            run=self.run,
            title=title,
            summary=f"{counted(len(self._outcome.records), 'image')}: {self._said}{self._gaps}",
            side=thumbnails,
            overwrite=overwrite,
            progress=progress,
        )

    def review(self, *, index: Remembers | None = None) -> Review:
        """Look through the pairs next to the threshold, in a notebook, and judge them.

        It shows a slider for the threshold, the least certain groups, and one pair after the
        other with buttons (and keys: d, n, s, b) to say whether they are duplicates. What was
        answered is in `review.answers`, `review.labels()` and `review.found`, and
        `review.tune()` tunes the threshold on it.

        Parameters
        ----------
        index : ImageIndex, optional
            Where answers are remembered as verdicts: an open index that holds these images.

        Raises
        ------
        MissingExtra
            If anywidget is not installed; names the command.

        Examples
        --------
        >>> from dedup import find_duplicates
        >>> found = find_duplicates(getfixture("sample_folder"), cache=False)
        >>> review = found.review()  # in a notebook, end the cell with it
        >>> review.answer(found.groups[0].keep, found.groups[1].keep, duplicate=False)
        >>> review.answers["label"].tolist()
        [False]
        """
        return Review(self, index=index)

    def _repr_html_(self) -> str:
        return self.show()._repr_html_()
