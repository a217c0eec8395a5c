"""The review in a notebook: what its front-end in `web/review.js` shows, and what it asks for.

Everything is in one trait, `view`; the front-end sends what the person does as messages.
"""

from typing import Protocol

import anywidget
import traitlets

from dedup._base.pairs import Pair
from dedup._results.members import Member
from dedup._results.result import Result
from dedup._search.measure import written
from dedup._search.threshold import Threshold
from dedup._viewing.page_data import Data, file_data, pair_data
from dedup._viewing.report import web_text
from dedup._viewing.review_pairs import ReviewPairs
from dedup._viewing.thumbnails import thumbnail
from dedup.errors import DedupError

__all__ = ["ReviewWidget"]

_PAIR_BOX = (400, 320)
_GROUP_BOX = (120, 72)
_GROUPS = 4
_FILES = 6


class Judged(Protocol):
    """What the front-end shows, and what a person does there; see `Review`."""

    found: Result
    skipped: set[Pair]
    verdicts: dict[Pair, bool]

    @property
    def pairs(self) -> ReviewPairs:
        """The pairs of the result."""

    @property
    def waiting(self) -> list[Pair]:
        """Pairs of pictures that were not judged."""

    def answer(self, a: str, b: str, *, duplicate: bool) -> None:
        """Say whether two files are duplicates."""

    def at(self, threshold: float) -> None:
        """Move the threshold."""

    def tune(self) -> Threshold:
        """Tune the threshold on the answers."""


class ReviewWidget(anywidget.AnyWidget):
    """The front-end of a review.

    Parameters
    ----------
    review : Judged
    """

    _esm = web_text("pair.js", "review.js")
    _css = web_text("review.css", "pair.css")
    view = traitlets.Dict().tag(sync=True)
    stored = traitlets.Unicode().tag(sync=True)  # names what `stored_html` shows without it

    def __init__(self, review: Judged) -> None:
        super().__init__()
        self._review = review
        self._small: dict[str, Data] = {}
        self._before: list[Pair] = []  # pairs that were judged or skipped, to go back to
        self._asked: Pair | None = None
        self._message = ""
        self.stored = self.model_id
        self.on_msg(self._handle)
        self.refresh()

    def refresh(self) -> None:
        """Show the result as it is now, and the next pair."""
        waiting = self._review.waiting
        self._ask(waiting[0] if waiting else None, left=len(waiting))

    def _ask(self, pair: Pair | None, *, left: int) -> None:
        self._asked = pair
        found, pairs = self._review.found, self._review.pairs
        answers = self._review.verdicts.values()
        bits = pairs.quantity == "bits"
        settings = pairs.settings
        proposed = settings.measure.value_of(pairs.found.candidates.floor)
        self.view = {
            "threshold": found.threshold,
            "said": written(found.threshold, quantity=pairs.quantity),
            "quantity": pairs.quantity,
            "low": 0 if bits or settings.verify else max(0, round(proposed, 2)),
            "high": proposed if bits else 1,
            "step": 1 if bits else 0.01,
            "groups": len(found.groups),
            "surplus": sum(len(group.remove) for group in found.groups),
            "shown": self._groups(),
            "pair": None if pair is None else self._pair(pair),
            "left": left,
            "duplicates": sum(answers),
            "others": len(answers) - sum(answers),
            "message": self._message,
        }

    def _pair(self, pair: Pair) -> Data:
        pairs = self._review.pairs
        files = [
            file_data(name, record, thumbnail(source, box=_PAIR_BOX))
            for name, record, source in pairs.files(pair)
        ]
        return {
            "files": files,
            "seen": pair_data(pairs.match(pair)),
            "accepted": pairs.is_accepted(pair),
            "answer": self._review.verdicts.get(pair),
        }

    def _groups(self) -> list[Data]:
        """The least certain groups, in small."""
        found, verified = self._review.found, self._review.pairs.settings.verify
        column = "score" if verified else "similarity"
        groups = sorted(found.groups, key=lambda group: float(group.pairs[column].min()))
        return [
            {
                "files": [self._file(member) for member in found._members(group)[:_FILES]],
                "why": group.why,
                "more": max(0, len(group) - _FILES),
            }
            for group in groups[:_GROUPS]
        ]

    def _file(self, member: Member) -> Data:
        if member.path not in self._small:
            shown = thumbnail(member.source, box=_GROUP_BOX)
            self._small[member.path] = file_data(member.path, member.record, shown)
        return self._small[member.path]

    def _handle(self, widget: object, content: Data, buffers: object) -> None:
        """Do what the person asked for; what is wrong with it is shown."""
        del widget, buffers
        self._message = ""
        try:
            self._act(content)
        except DedupError as error:
            self._message = str(error)
            self.refresh()
        except BaseException as error:
            # What is shown stays, since what would be shown next may be what failed.
            self.view = {**self.view, "message": f"{type(error).__name__}: {error}"}
            raise
        finally:
            self.send({"done": content.get("act")})

    def _act(self, content: Data) -> None:
        match content:
            case {"act": "threshold", "value": value}:
                self._review.at(float(value))
            case {"act": "tune"}:
                threshold = self._review.tune()
                self._message = f"{threshold.text} is tuned for {threshold.goal} on your answers."
                self.refresh()
            case {"act": "back"} if self._before:
                pair = self._before.pop()
                self._review.skipped.discard(pair)
                self._ask(pair, left=len(self._review.waiting))
            case {"act": "skip"} if self._asked is not None:
                self._before.append(self._asked)
                self._review.skipped.add(self._asked)
                self.refresh()
            case {"act": "answer", "duplicate": bool(duplicate)} if self._asked is not None:
                asked = self._asked
                a, b = (name for name, *_ in self._review.pairs.files(asked))
                self._review.answer(a, b, duplicate=duplicate)
                self._before.append(asked)
