"""OpenCV, imported without what its import does to the environment."""

import os

from dedup._base.environment import environment

# Importing it puts the current folder on the linker's path, for every process that is started
# later, by whomever.
with environment(LD_LIBRARY_PATH=os.environ.get("LD_LIBRARY_PATH", "")):
    import cv2

__all__ = ["cv2"]
