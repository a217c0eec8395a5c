"""Folders of what programs derived from pictures: thumbnails, metadata."""

import os
import re

__all__ = ["DERIVED", "is_thumbnail"]

# Folders that hold only what a program derived from the pictures beside them. What a person
# deleted or edited ("#recycle", ".picasaoriginals") is no such thing: it may be all there is.
DERIVED = {
    "@eaDir": "thumbnails of a Synology NAS",
    ".@__thumb": "thumbnails of a QNAP NAS",
    ".thumbnails": "thumbnails of a file manager",
    ".AppleDouble": "metadata of macOS",
    "__MACOSX": "metadata of macOS",
}
# Folders in which people keep pictures too: they are read, but nothing in them is kept in place of
# what lies elsewhere.
_THUMBNAILS = frozenset([".thumb", ".thumbs", "thumb", "thumbnails", "thumbs"])
_IN_DERIVED = re.compile(
    rf"[/\\](?:(?:{'|'.join(map(re.escape, DERIVED))})[/\\]|\._[^/\\]*$)"  # ._*: AppleDouble
)


def is_thumbnail(path: str) -> bool:
    """Whether a file lies where programs keep what they derived from other pictures.

    Examples
    --------
    >>> is_thumbnail("/nas/@eaDir/a.jpg/SYNOPHOTO_THUMB_B.jpg"), is_thumbnail("/nas/thumbs/a.jpg")
    (True, True)
    >>> is_thumbnail("/nas/a.jpg")
    False
    """
    folders = os.path.dirname(path).lower().replace(os.sep, "/").split("/")
    return _IN_DERIVED.search(path) is not None or not _THUMBNAILS.isdisjoint(folders)
