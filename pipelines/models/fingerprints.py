"""The identity of a network: a digest of its file, and of all that belongs to it."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from dedup.errors import ModelError

__all__ = ["fingerprint"]

_Stat = tuple[str, int, int]


def fingerprint(path: Path) -> str:
    """Digest of a network: its file, the weights beside it, or all files of its folder.

    Read once, unless sizes or times change.

    Raises
    ------
    ModelError
        If it is not there.
    """
    try:
        return _digest(tuple(_stat(file) for file in _files(path)))
    except OSError as error:
        raise ModelError(f"{path}: {str(error.strerror).lower()}") from error


def _files(path: Path) -> list[Path]:
    """What belongs to a network, in a fixed order."""
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    if path.suffix == ".xml":
        return [path, path.with_suffix(".bin")]
    if path.suffix == ".onnx":
        return [path, *map(Path, _beside(_stat(path)))]
    return [path]


def _stat(file: Path) -> _Stat:
    known = file.stat()
    return str(file), known.st_size, known.st_mtime_ns


@lru_cache(maxsize=16)
def _digest(files: tuple[_Stat, ...]) -> str:
    total = hashlib.blake2b(digest_size=16)
    for name, *_ in files:
        with Path(name).open("rb") as data:
            one = hashlib.file_digest(data, lambda: hashlib.blake2b(digest_size=16))
        total.update(one.digest())
    return total.hexdigest()


@lru_cache(maxsize=16)
def _beside(onnx: _Stat) -> tuple[str, ...]:
    """The files beside an ONNX file that hold its weights.

    A tensor's `external_data` holds the pair "location", file name, each with its length before
    it (`StringStringEntryProto` of the ONNX format): seven bits a byte, the lowest first, and in
    all but the last byte the eighth bit is set.
    """
    path = Path(onnx[0])
    data = path.read_bytes()
    names = set()
    for found in re.finditer(rb"\x08location\x12([\x80-\xff]{0,4}[\x00-\x7f])", data):
        length = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(found[1]))
        name = data[found.end() : found.end() + length].decode("utf-8", "replace")
        if (path.parent / name).is_file():
            names.add(str(path.parent / name))
    return tuple(sorted(names))
