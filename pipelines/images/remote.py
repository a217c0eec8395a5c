"""Images at addresses such as `s3://bucket/cat.jpg`, read with fsspec; nothing is ever written.

Who may read is fsspec's own configuration: an address with a password in it is refused, since
addresses are shown and stored.
"""

import errno
import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from dedup._base.extras import require
from dedup.errors import DecodeError, InputError
from dedup.pipelines.images import limits

__all__ = ["check_address", "is_remote", "listed", "read", "scheme_of", "status"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")  # more than the letter of a drive
_LOCAL = ("file", "local")
_TIMES = ("mtime", "LastModified", "last_modified", "updated", "created")


def is_remote(path: object) -> bool:
    """Whether a path is an address with a scheme.

    Examples
    --------
    >>> is_remote("s3://bucket/cat.jpg"), is_remote("photos/cat.jpg"), is_remote("C:/cat.jpg")
    (True, False, False)
    """
    return isinstance(path, str) and _SCHEME.match(path) is not None


def scheme_of(path: object) -> str:
    """The beginning of an address, `s3://`; "" of a path."""
    match = _SCHEME.match(path) if isinstance(path, str) else None
    return match[0] if match else ""


def listed(address: str) -> list[str]:
    """The addresses of the files of a folder or pattern, or of one file.

    Raises
    ------
    InputError
        If there is none, or the address is of a kind that is not read.
    MissingExtra
        If fsspec is not installed.
    """
    check_address(address)
    require("fsspec", extra="remote")
    _require_known(address)
    try:
        system, path = _system(address)
        system.invalidate_cache()
        if system.isfile(path):
            found = [path]
        elif any(sign in path for sign in "*?["):
            found = [one for one in system.glob(path) if system.isfile(one)]
        else:
            found = system.find(path)
    except ImportError as error:  # it names what to install
        raise InputError(f"{address}: {error}") from None
    except Exception as error:
        raise InputError(f"{address} can't be listed ({_kind(error)})") from None
    if not found:
        raise InputError(f"nothing is at {address}")
    return sorted(system.unstrip_protocol(path) for path in found)


def status(address: str) -> tuple[int, int]:
    """Size and time, in nanoseconds, as far as the store tells.

    Raises
    ------
    OSError
        If it is not there, or can't be reached.
    """
    try:
        system, path = _system(address)
        info = system.info(path)
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "file not found", address) from None
    except Exception as error:  # each store has errors of its own, which may tell what is secret
        raise OSError(errno.EIO, f"can't be reached ({_kind(error)})") from None
    if info.get("type") != "file" or info.get("size") is None:
        raise OSError(errno.EIO, "not a regular file")
    time = next((info[name] for name in _TIMES if info.get(name) is not None), 0)
    seconds = time.timestamp() if isinstance(time, datetime) else time
    return int(info["size"]), int(float(seconds) * 1e9) if _is_number(seconds) else 0


def read(address: str) -> bytes:
    """The bytes of a file, at once.

    Raises
    ------
    OSError, DecodeError
        If it can't be read, or is too large.
    """
    size, _ = status(address)
    if size > limits.LARGEST:
        raise DecodeError(f"more than {limits.LARGEST >> 20} MB at an address: download it")
    try:
        system, path = _system(address)
        data: bytes = system.cat_file(path)
    except Exception as error:
        raise OSError(errno.EIO, f"can't be read ({_kind(error)})") from None
    if len(data) != size:
        raise DecodeError("changed while it was read")
    return data


def check_address(address: str) -> None:
    """Refuse addresses that hold a secret, or mean a local file or something inside a file."""
    parts = urlsplit(address)
    if parts.password is not None or (parts.query and parts.scheme in ("http", "https")):
        raise InputError(
            f"an address of {parts.scheme} with a password or a token in it, which would be shown "
            "and stored: leave it to the configuration of fsspec"
        )
    if parts.scheme in _LOCAL:
        raise InputError(f"{address}: name the path itself, without {parts.scheme}://")
    if "::" in address:
        raise InputError(f"{address}: addresses inside addresses are not read")


def _system(address: str) -> tuple[Any, str]:
    import fsspec.core

    system, path = fsspec.core.url_to_fs(address)
    return system, path


def _require_known(address: str) -> None:
    from fsspec.registry import known_implementations, registry

    scheme = address.partition("://")[0]
    if scheme not in known_implementations and scheme not in registry:
        raise InputError(f"{address}: fsspec knows no addresses that begin with {scheme}://")


def _kind(error: Exception) -> str:
    """What an error is: its text may hold what is secret."""
    return type(error).__name__


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)
