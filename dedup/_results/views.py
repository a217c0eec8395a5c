"""How a result is looked at: as pictures in a notebook, as a page, pair by pair."""

import os
from typing import TYPE_CHECKING, cast

from dedup._grouping.groups import Group
from dedup._results.files import ResultFiles
from dedup._results.members import Member, members
from dedup._verification.verify import Verifier
from dedup._viewing.notebook import GroupsView
from dedup._viewing.report import write_report
from dedup.errors import InputError

if TYPE_CHECKING:
    from dedup._results.duplicates import Duplicates
    from dedup._viewing.review import Remembers, Review

__all__ = ["ResultViews"]


class ResultViews(ResultFiles):
    """The part of `Duplicates` that shows it."""

    _verifier: Verifier

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
        progress: bool = True,
    ) -> None:
        """Write the groups as one page for any browser, which needs no network and no other file.

        There the groups can be filtered and sorted, each pair is explained, and what to keep
        and what is no duplicate can be chosen: the page exports these choices, and touches no
        file. Where it can reach the images, in their places relative to its own, it shows them
        in full size beside an explanation.

        Parameters
        ----------
        path : path
            The page, "duplicates.html"; one that is there is replaced.
        title : str
        thumbnails : int
            Longest side of the small pictures in pixels, 0 to 1024; 0 for none. At 160 the page
            takes about 5 KB for each file of a group, at 96 about 2 KB, and 0.3 KB without.
        progress : bool
            Show a progress bar where a person can see it.

        Raises
        ------
        InputError
            If the page can't be written, or the side is out of range.

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
        options = {"run": self.run, "title": title, "summary": repr(self)}
        write_report(path, groups, **options, side=thumbnails, progress=progress)

    def review(self, *, index: "Remembers | None" = None) -> "Review":
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
        from dedup._viewing.review import Review

        return Review(cast("Duplicates", self), index=index)

    def _repr_html_(self) -> str:
        return self.show()._repr_html_()

    def _members(self, group: Group) -> list[Member]:
        """The files of a group as they are shown."""
        return members(
            group, records=self._records, pictures=self._pictures, verifier=self._verifier
        )
