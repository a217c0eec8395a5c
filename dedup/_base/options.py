"""What settings can be, apart from what does it: whoever lists it imports nothing else."""

from typing import Final

__all__ = ["DEFAULT", "EDITED", "KEEPS", "LARGEST_THUMBNAIL", "METADATA", "METHODS"]

METHODS: Final = ("phash", "sscd", "sscd-cascade", "sscd-fast")
"""The names of `dedup.pipelines.models.methods.MODELS`."""
DEFAULT: Final = "sscd-cascade"
"""The small network proposes the pairs that the large one proposes, at a part of its cost."""
EDITED: Final = ("retain", "remove")
"""What a plan does with copies that something was put on."""
METADATA: Final = ("tell", "sidecar")
"""What a plan does with what only a file that goes knows."""
KEEPS: Final = ("best", "largest", "oldest", "shortest-path", "exif-date")
"""The rules by which one file of a group is kept."""
LARGEST_THUMBNAIL: Final = 1024
"""Pixels on the longest side of a small picture in a report."""
