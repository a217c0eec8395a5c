"""What an `add` did: what is in the index now, and what was left out."""

from dataclasses import dataclass, field

from dedup._base.text import counted
from dedup._catalogue.discover import ImageFile, Skipped

__all__ = ["Added", "Refused"]


@dataclass(frozen=True, slots=True)
class Refused:
    """An image that was not added, since it repeats one of the index.

    Attributes
    ----------
    path : str
        The image, as the user named it.
    of : str
        The image of the index.
    relation : {"exact", "near"}
    score : float, optional
        As in `Match`.
    """

    path: str
    of: str
    relation: str
    score: float | None


@dataclass
class Added:
    """What an `add` did.

    Attributes
    ----------
    files : list of ImageFile
        The files that are now in the index, by path.
    embedded : int
        Distinct pictures that were embedded.
    copies : int
        New files that repeat a picture, byte by byte or pixel by pixel.
    unchanged : int
        Files that the index already held.
    skipped : list of Skipped
        Files that are left out, each with its reason.
    duplicates : list of Refused
        With `unless_duplicate`: images that were not added, since they repeat another.
    """

    files: list[ImageFile] = field(default_factory=list)
    embedded: int = 0
    copies: int = 0
    unchanged: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    duplicates: list[Refused] = field(default_factory=list)

    def __str__(self) -> str:
        text = (
            f"{self.embedded:,} embedded, {counted(self.copies, 'copy', 'copies')} recognised, "
            f"{self.unchanged:,} unchanged, {len(self.skipped):,} skipped"
        )
        refused = len(self.duplicates)
        return f"{text}, {counted(refused, 'duplicate')} refused" if refused else text
