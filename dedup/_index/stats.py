"""What an index holds, in numbers."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dedup._base.text import counted, sized
from dedup._catalogue.record import Record

__all__ = ["Stats"]


@dataclass(frozen=True, repr=False)
class Stats:
    """What an index holds.

    Attributes
    ----------
    files : int
        Files, and images in memory, that it knows.
    pictures : int
        Distinct pictures among them, to the pixel.
    copies : int
        Files that repeat one of these pictures.
    size : int
        Bytes of all files.
    formats, tags : mapping of str to int
        Files of each format and tag; "" for those without.
    model : str
        What its vectors are made with.
    store : {"lite", "server", "zilliz"}
        What kind of Milvus it is kept in.
    index_type : str
        Milvus' name of its index.
    """

    files: int
    pictures: int
    copies: int
    size: int
    formats: Mapping[str, int]
    tags: Mapping[str, int]
    model: str
    store: str
    index_type: str

    @classmethod
    def of(cls, records: Iterable[Record], *, model: str, store: str, index_type: str) -> "Stats":
        """Count records."""
        several = list(records)
        copies = sum(record.copy_of != 0 for record in several)
        return cls(
            files=len(several),
            pictures=len(several) - copies,
            copies=copies,
            size=sum(record.size for record in several),
            formats=_counted(record.format for record in several),
            tags=_counted(record.tag for record in several),
            model=model,
            store=store,
            index_type=index_type,
        )

    def __repr__(self) -> str:
        lines = [
            f"{counted(self.files, 'file')} ({sized(self.size)}): "
            f"{counted(self.pictures, 'distinct picture')}, "
            f"{counted(self.copies, 'exact copy', 'exact copies')}",
            f"formats: {_listed(self.formats, nothing='in memory')}",
            f"model: {self.model}",
            f"store: {self.store}, index {self.index_type}",
        ]
        if any(self.tags):
            lines.insert(2, f"tags: {_listed(self.tags, nothing='none')}")
        return "\n".join(lines)


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def _listed(counts: Mapping[str, int], *, nothing: str) -> str:
    return ", ".join(f"{count:,} {name or nothing}" for name, count in counts.items()) or "none"
