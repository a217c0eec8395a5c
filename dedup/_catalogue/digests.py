"""Digests of files, by which the same bytes are known again wherever they are."""

import hashlib
from io import BufferedIOBase, BytesIO
from pathlib import Path

from dedup._catalogue.discover import ImageFile
from dedup.errors import DecodeError
from dedup.pipelines.images.archives import open_file
from dedup.pipelines.images.decoding import check_before_decoding, pixel_digest

__all__ = ["digest_or_reason", "file_digest"]


def file_digest(file: str | Path | bytes | int) -> str:
    """Digest of a file's bytes; of a descriptor, which stays open, from where it stands."""
    with _opened(file) as data:
        return hashlib.file_digest(data, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _opened(file: str | Path | bytes | int) -> BufferedIOBase:
    if isinstance(file, bytes):
        return BytesIO(file)
    return open(file, "rb", closefd=False) if isinstance(file, int) else open_file(file)


def digest_or_reason(file: ImageFile) -> str | DecodeError:
    """Digest of a file's bytes, or why it is no image. A long video is not read to its end."""
    try:
        if file.image is not None:
            return file.digest or pixel_digest(file.image)
        check_before_decoding(file.path)
        return file_digest(file.path)
    except DecodeError as error:
        return error
    except OSError as error:
        return DecodeError(str(error.strerror or error).lower())
