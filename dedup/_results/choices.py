r"""What a person decided while looking at a result: the file that the report page exports.

A JSON file in UTF-8::

    {
     "format": "dedup choices 1",
     "run": "<`found.run` of the result that was looked at>",
     "keep": {"<path of the file that its group showed first>": "<path of the file to keep>"},
     "not_duplicates": [["<path>", "<path>"], ...]
    }

Paths are written as the result names them (`group.paths`); a byte that is not UTF-8 is the lone
surrogate that Python has for it ("\udce9"), which JSON can hold and JavaScript keeps. A group
whose first file stays needs no line in `keep`. `keep` and `not_duplicates` may be missing.
"""

import json
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dedup._base.json_files import reading, save_json
from dedup._catalogue.discover import file_key

__all__ = ["Choices", "Resolved"]

FORMAT = "dedup choices 1"


@dataclass(frozen=True)
class Resolved:
    """Choices as far as they fit a result, in the result's own names.

    Attributes
    ----------
    keep : frozenset of str
        Files to keep.
    cannot_link : frozenset of frozenset of str
        Pairs of files that are no duplicates.
    problems : list of (str, str)
        Choices that do not fit, each with the reason.
    """

    keep: frozenset[str] = frozenset()
    cannot_link: frozenset[frozenset[str]] = frozenset()
    problems: Sequence[tuple[str, str]] = ()

    def __or__(self, other: "Resolved") -> "Resolved":
        problems = [*self.problems, *other.problems]
        return Resolved(self.keep | other.keep, self.cannot_link | other.cannot_link, problems)


@dataclass(frozen=True)
class Choices:
    """Which files to keep and which pairs are no duplicates, as a person decided.

    Attributes
    ----------
    run : str
        The result that was looked at.
    keep : mapping of str to str
        The file to keep, by the file that its group showed first.
    not_duplicates : sequence of (str, str)
        Pairs that are no duplicates.

    Examples
    --------
    >>> choices = Choices("4f2a", keep={"a.jpg": "b.jpg"})
    >>> choices.save(getfixture("tmp_path") / "choices.json")
    >>> Choices.load(getfixture("tmp_path") / "choices.json") == choices
    True
    """

    run: str
    keep: Mapping[str, str] = field(default_factory=dict)
    not_duplicates: Sequence[tuple[str, str]] = ()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the file that is described above.

        Raises
        ------
        InputError
            If it can't be written.
        """
        content = {
            "format": FORMAT,
            "run": self.run,
            "keep": dict(self.keep),
            "not_duplicates": [list(pair) for pair in self.not_duplicates],
        }
        save_json(path, content)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Choices":
        """Read a file that the report page or `save` wrote.

        Raises
        ------
        InputError
            If there is no such file, or it holds something else.
        """
        with reading(path, what="file of choices that dedup's report exported"):
            content: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise KeyError("format")
            keep = {_text(first): _text(kept) for first, kept in content.get("keep", {}).items()}
            cannot_link = tuple((_text(a), _text(b)) for a, b in content.get("not_duplicates", []))
            return cls(_text(content["run"]), keep, cannot_link)

    def resolve(
        self, *, run: str, groups: Iterable[Sequence[str]], names: Collection[str]
    ) -> Resolved:
        """Fit the choices to a result; those that do not fit become problems.

        Parameters
        ----------
        run : str
            The result's id.
        groups : iterable of sequences of str
            Its groups, the file to keep first.
        names : collection of str
            All its files.
        """
        named = {file_key(name): name for name in names} | {name: name for name in names}
        group_of = {path: group for group in groups for path in group}
        problems: list[tuple[str, str]] = []
        if run != self.run:
            reason = f"made from another search ({self.run[:12]}, this one is {run[:12]})"
            problems.append(("run", f"{reason}: applied where groups and files are still there"))
        kept, cannot_link = set(), set()
        for first, wanted in self.keep.items():
            ends, unknown = _known((first, wanted), named)
            group = group_of.get(ends[0], ()) if not unknown else ()
            if unknown:
                problems.append((f"keep {wanted}", unknown))
            elif not group or group[0] != ends[0]:
                problems.append((f"keep {wanted}", f"no group begins with {first} any more"))
            elif ends[1] not in group:
                problems.append((f"keep {wanted}", f"it is not in the group of {first}"))
            else:
                kept.add(ends[1])
        for a, b in self.not_duplicates:
            ends, unknown = _known((a, b), named)
            if unknown or ends[0] == ends[1]:
                problems.append((f"not duplicates: {a}, {b}", unknown or "one and the same file"))
            else:
                cannot_link.add(frozenset(ends))
        return Resolved(frozenset(kept), frozenset(cannot_link), problems)


def _known(paths: Sequence[str], named: Mapping[str, str]) -> tuple[list[str], str]:
    """Paths as the result names them; or which of them it does not know."""
    # A NUL is in no path, and `file_key` fails on it.
    found = [named.get(path) or named.get(file_key(path.replace("\0", "?"))) for path in paths]
    unknown = [path for path, name in zip(paths, found, strict=True) if name is None]
    text = f"no image of this search: {', '.join(unknown)}" if unknown else ""
    return [name or "" for name in found], text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, not {value!r}")
    return value
