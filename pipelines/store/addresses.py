"""The address of a Milvus server: what of it may be shown, and how the way there is kept private.

A password or token is for the server alone: no error, log or name of a file shows it.
"""

import logging
import os
import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from dedup.errors import StoreError

__all__ = ["Server", "server_at", "shown"]

_LOG = logging.getLogger(__name__)
# What pymilvus calls them. Without a certificate of the client it reads another name.
_CERTIFICATES = {"MILVUS_CA": "ca_pem_path", "MILVUS_CERT": "client_pem_path",
                 "MILVUS_KEY": "client_key_path"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Server:
    """How a server is reached.

    Attributes
    ----------
    uri : str
        Its address, which may be shown.
    token : str
        "user:password", or an API key.
    """

    uri: str
    token: str = field(default="", repr=False)

    def certificates(self) -> dict[str, str]:
        """Where the certificates are, as pymilvus takes it.

        Raises
        ------
        StoreError
            If one that is needed is not there, or the address would not use any.
        """
        given = {name: os.environ[name] for name in _CERTIFICATES if os.environ.get(name)}
        if not given:
            return {}
        if not self.uri.startswith("https://"):
            raise StoreError(f"{self.uri}: {' and '.join(given)} need an address with https://")
        if len(given) == 2 or "MILVUS_CA" not in given:
            raise StoreError("set MILVUS_CA, or MILVUS_CA, MILVUS_CERT and MILVUS_KEY together")
        for name, path in given.items():
            if not os.access(path, os.R_OK):
                raise StoreError(f"{name}: {path} can't be read")
        if len(given) == 1:
            return {"server_pem_path": given["MILVUS_CA"]}
        return {_CERTIFICATES[name]: path for name, path in given.items()}

    def warn(self) -> None:
        """Say so where others on the way could read the token."""
        parts = urlsplit(self.uri)
        if self.token and parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
            _LOG.warning("%s: others on the way can read the token; use https://", self.uri)


def shown(address: str) -> str:
    """An address, or what was given for one, without what only its user may know.

    Examples
    --------
    >>> shown("http://root:secret@milvus:19530"), shown("root:secret@milvus:19530")
    ('http://…@milvus:19530', '…@milvus:19530')
    >>> shown("https://milvus?token=secret"), shown("photos.db")
    ('https://milvus?…', 'photos.db')
    """
    scheme = re.match(r"(\w+://)?", address)[0]  # type: ignore[index]
    address = address.removeprefix(scheme)
    if "@" in address and re.search("[?#]", address):  # who knows where a password ends
        return f"{scheme}…"
    return scheme + re.sub(r"(?s)([?#]).*", r"\1…", re.sub(r"(?s).*@", "…@", address))


def server_at(address: str, *, token: str = "") -> Server:
    """Take an address apart.

    Parameters
    ----------
    address : str
        It may hold a user and a password, or a token, before an `@`.
    token : str, optional
        Comes before that of the address; by default what MILVUS_TOKEN says.

    Raises
    ------
    StoreError
        If it is no address.
    """
    try:
        given = urlsplit(address)
        credentials, _, host = given.netloc.rpartition("@")
        bare = urlsplit(given._replace(netloc=host).geturl())
        known = bare.scheme in ("http", "https", "tcp") and bare.hostname and bare.port != 0
    except ValueError:
        known = False
    if not known or "@" in given.path:  # a password with a slash: its user must write %2F
        raise StoreError(
            f"{shown(address)} is no address of a server, "
            'such as "http://localhost:19530" or "https://user:password@milvus:19530"'
        )
    if bare.query or bare.fragment:
        raise StoreError(f"{shown(address)}: nothing may follow ? or #; a token is given as token=")
    return Server(
        bare.geturl(), token or unquote(credentials) or os.environ.get("MILVUS_TOKEN", "")
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
