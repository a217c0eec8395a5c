"""A person judges the pairs next to the threshold: what was answered, and what follows."""

from typing import Any, Protocol

import pandas as pd

from dedup._base.extras import require
from dedup._base.pairs import Pair
from dedup._base.tables import table_of
from dedup._base.text import counted
from dedup._results.result import Result
from dedup._search.threshold import Threshold
from dedup._tuning.goal import Goal
from dedup._tuning.scored_pairs import ScoredPairs
from dedup._tuning.tuned import threshold_for
from dedup._viewing.notebook import GroupsView, stored_html
from dedup._viewing.review_pairs import ReviewPairs
from dedup.errors import InputError
from dedup.labels import Labels
from dedup.pipelines.images.decoding import ImageSource

__all__ = ["Remembers", "Review"]

_STORED = 10  # groups that a notebook shows without its kernel


class Remembers(Protocol):
    """What keeps answers for later: an `ImageIndex`."""

    def mark(self, a: ImageSource, b: ImageSource, *, duplicate: bool) -> object:
        """Remember whether two images are duplicates."""


class Review:
    """The pairs next to the threshold, for a person to judge; made by `found.review()`.

    In a notebook it shows a slider for the threshold, which regroups at once, and the pairs
    that are decided most narrowly, side by side, with buttons and keys to say whether they are
    duplicates. What was answered stands, whatever the threshold is.

    Attributes
    ----------
    found : Duplicates
        The result at the threshold of now, with the answers.
    skipped : set of (int, int)
        Pairs that the person would rather not judge.
    verdicts : dict of (int, int) to bool
        The answers, by pairs of pictures.
    """

    def __init__(self, found: Result, *, index: Remembers | None = None) -> None:
        require("anywidget", extra="notebook")
        from dedup._viewing.review_widget import ReviewWidget

        self.found = found
        self.skipped: set[Pair] = set()
        self.verdicts: dict[Pair, bool] = {}
        self._index = index
        self._widget = ReviewWidget(self)

    @property
    def answers(self) -> pd.DataFrame:
        """What was answered: `a`, `b` and `label`, True for duplicates; in order."""
        files = self.pairs.files
        rows = [
            (*(name for name, *_ in files(pair)), verdict)
            for pair, verdict in self.verdicts.items()
        ]
        return table_of(rows, {"a": object, "b": object, "label": bool})

    @property
    def pairs(self) -> ReviewPairs:
        """The pairs of the result."""
        return ReviewPairs(self.found._outcome)

    @property
    def waiting(self) -> list[Pair]:
        """Pairs of pictures that were not judged, the nearest to the threshold first."""
        return list(self.pairs.nearest(without=self.skipped))

    def answer(self, a: str, b: str, *, duplicate: bool) -> None:
        """Say whether two files are duplicates; the last word on a pair counts.

        Parameters
        ----------
        a, b : str
            Paths, as the result names them.
        duplicate : bool

        Raises
        ------
        InputError
            If a file is not one of the result's, or both show one picture to the pixel.
        """
        pair = self.pairs.pair_of(a, b)
        verdicts = {other: said for other, said in self.verdicts.items() if other != pair}
        verdicts[pair] = duplicate
        found = self.found._constrained(verdicts)
        found.groups  # noqa: B018  an answer that fails leaves all as it was
        if self._index is not None:
            images = [source for *_, source in self.pairs.files(pair)]
            self._index.mark(*images, duplicate=duplicate)
        self.verdicts, self.found = verdicts, found
        self._widget.refresh()

    def at(self, threshold: float | Threshold) -> None:
        """Move the threshold; the groups follow.

        Raises
        ------
        InputError
            If it is out of range or, without verification, beyond what the search proposed.
        """
        found = self.found.at(threshold)
        found.groups  # noqa: B018  one that fails leaves all as it was
        self.found = found
        self._widget.refresh()

    def labels(self) -> Labels:
        """The answers as labels: `review.labels().write("labels.csv")`.

        Raises
        ------
        InputError
            If nothing was answered, or a file is not there any more.
        """
        if not self.verdicts:
            raise InputError("no pair was answered: there is nothing to keep as labels")
        return Labels.of_pairs(self.answers, strict=True)

    def tune(self, **goal: Any) -> Threshold:
        """Tune the threshold on the answers, and move to it.

        These are pairs near the threshold, the hardest there are, so that the precision and
        recall that the threshold expects are of such pairs, not of the whole collection: for
        that, use `calibrate`, or labels that were drawn at random.

        Parameters
        ----------
        **goal
            What `tune` takes: `precision=0.99`, `recall=`, `f1=True` or `cost=`, and `folds`,
            `seed`. The highest F1 if nothing is said.

        Raises
        ------
        InputError
            If the answers do not suffice: all are alike, or they are of fewer photos than there
            are folds.
        """
        labels, settings = self.labels().checked(), self.pairs.settings
        scored = ScoredPairs(
            labels.table.assign(score=[self.pairs.rating(pair) for pair in self.verdicts]),
            quantity=self.pairs.quantity,
            method=settings.model.method,
            properties=dict(settings.model.properties),
            images=len(labels.paths),
            negatives=labels.counts[1],
        )
        if not goal.keys() & {"precision", "recall", "f1", "cost"}:
            goal["f1"] = True
        how: dict[str, Any] = {"collection": None, "folds": 5, "seed": 0}
        how |= {name: goal.pop(name) for name in how.keys() & goal.keys()}
        threshold = threshold_for(Goal(**goal), scored, **how)
        self.at(threshold)
        return threshold

    def __repr__(self) -> str:
        return f"<Review, {counted(len(self.verdicts), 'pair')} answered; now {self.found!r}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self._widget._repr_mimebundle_(**kwargs)

    def _ipython_display_(self) -> None:
        # Two outputs: JupyterLab shows no other form of a widget whose kernel is gone, so that
        # what a stored notebook shows stands beside it, and the widget hides it.
        from IPython.display import display

        found, text = self.found, {"text/plain": repr(self)}
        some = [found._members(group) for group in found.groups[:_STORED]]
        view = GroupsView(repr(found), some, 0, len(found.groups))
        stored = stored_html(view._repr_html_(), of=self._widget.stored)
        bundle, *_ = self._repr_mimebundle_()
        for shown in (text | {"text/html": stored}, bundle | text):
            display(shown, raw=True)  # type: ignore[no-untyped-call]
