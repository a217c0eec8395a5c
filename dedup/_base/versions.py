"""Versions of what kept answers depend on: those of another version are found out again.

Each part has a number, which is raised by hand; what it makes of the samples of
`tests/base/test_versions.py`, which fails while another digest is written here; and the libraries
that shape it.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

__all__ = ["COVERAGE", "DECODING", "EVIDENCE", "JOIN", "PREPROCESSING", "Part", "version_of"]

# Two packages of one library; each may be there.
_OPENCV = ("opencv-python-headless", "opencv-python")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the code whose answers are kept.

    Attributes
    ----------
    name : str
    number : int
        Raised where answers change that the samples don't show.
    samples : str
        Digest of the answers to the samples.
    libraries : tuple of str
        Packages that shape the answers; they need not be installed.
    """

    name: str
    number: int
    samples: str
    libraries: tuple[str, ...]


DECODING: Final = Part(
    "decoding",
    1,
    "541c67a790b185db",
    ("numpy", "pillow", "pillow-heif", "pillow-jxl-plugin", "rawpy", "simplejpeg"),
)
"""The pixels of a file: all of `pipelines/images`."""
PREPROCESSING: Final = Part(
    "preprocessing",
    1,
    "3051c11656b333b0",
    ("numpy", *_OPENCV, "openvino", "onnxruntime-gpu", "torch"),
)
"""What a network sees of these pixels, and what it says; its weights have names of their own."""
EVIDENCE: Final = Part("evidence", 22, "c4590829c40d0324", ("faiss-cpu", "numpy", *_OPENCV))
"""What two pictures show of each other: all of `dedup/_verification`."""
COVERAGE: Final = Part("coverage", 28, "b11a849587a6929e", ("numpy", *_OPENCV))
"""What pictures of one group show that others lack: `coverage`, `layers` and what they import."""
JOIN: Final = Part("join", 2, "501418079a7c1698", ("faiss-cpu", "milvus-lite", "numpy"))
"""The pairs of vectors, and the files that they are kept in: all of `dedup/_join`."""


def version_of(*depends: Part | str) -> str:
    """A name for all that answers depend on: parts of the code, and whatever else has a name.

    Examples
    --------
    >>> version_of(JOIN) == version_of(JOIN) != version_of(JOIN, "float16")
    True
    """
    text = [repr((one, _installed(one))) if isinstance(one, Part) else one for one in depends]
    return hashlib.blake2b("\0".join(text).encode(), digest_size=8).hexdigest()


@cache
def _installed(part: Part) -> tuple[str, ...]:
    return tuple(map(_version, part.libraries))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
