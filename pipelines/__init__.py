"""The declarative half of dedup: Towhee operators and pipelines, and the models they run.

`decoding` reads image files, `models` embeds them, `milvus` keeps them; `operators` wraps
these three as the Towhee operators of the Milvus tutorial; `build` declares the pipelines.
"""

import os as _os

from dedup._base.environment import environment as _environment
from dedup.pipelines.logs import handlers_kept, keep_apart

# Importing OpenCV puts the current folder on the linker's path, for every process that is started
# later, by whomever.
with _environment(LD_LIBRARY_PATH=_os.environ.get("LD_LIBRARY_PATH", "")):
    import cv2 as _cv2  # noqa: F401

keep_apart()
with handlers_kept():
    import towhee as _towhee  # noqa: F401

from dedup.pipelines.build import call, compare_pair, embed, ingest, output, search  # noqa: E402

__all__ = ["call", "compare_pair", "embed", "ingest", "output", "search"]
