"""What a file holds beside the picture that is compared: frames, bits, a film, a depth map."""

from contextlib import suppress
from functools import lru_cache

from dedup._catalogue.record import Record
from dedup._grouping.camera import is_raw
from dedup.errors import DecodeError
from dedup.pipelines.images.archives import open_file
from dedup.pipelines.images.enclosed import Enclosed, enclosed

__all__ = ["enclosed_in", "encloses_more", "holds_beside", "is_fuller"]


def is_fuller(a: Record, b: Record) -> bool:
    """Whether a file has more frames, transparency or bits than another."""
    return any(x > y for x, y in zip(a.fullness, b.fullness, strict=True))


@lru_cache(maxsize=10_000)  # each file of a group is asked about for many others
def enclosed_in(record: Record) -> frozenset[Enclosed]:
    """What a file encloses: nothing, if it can't be read."""
    if record.is_file:
        with suppress(DecodeError, OSError), open_file(record.path) as file:
            return enclosed(file)
    return frozenset()


def holds_beside(keep: Record, other: Record) -> str:
    """What a file holds beside its picture that the one to keep does not, in words."""
    said = [_fuller(keep, other)]
    said += [f"{what} is only here" for what in encloses_more(other, keep)]
    return ", ".join(filter(None, said))


def encloses_more(one: Record, other: Record) -> list[str]:
    """What one file encloses and another does not, or not the same of, in words."""
    if one.digest == other.digest:
        return []
    return sorted({its.what for its in enclosed_in(one) - enclosed_in(other)})


def _fuller(keep: Record, other: Record) -> str:
    if other.frames > keep.frames:
        return f"has {other.frames} frames, the file to keep {keep.frames}"
    if other.alpha and not keep.alpha:
        return "is transparent, the file to keep is not"
    if other.depth > keep.depth:
        return f"has {other.depth} bits a channel, the file to keep {keep.depth}"
    if is_raw(other) and not is_raw(keep):
        return "is a camera's RAW file, the file to keep is not"
    return ""
