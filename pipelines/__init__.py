"""The declarative half of dedup: Towhee operators and pipelines, and the models they run.

`decoding` reads image files, `models` embeds them, `milvus` keeps them; `operators` wraps
these three as the Towhee operators of the Milvus tutorial; `build` declares the pipelines.
"""

import logging as _logging
import os as _os

from dedup.pipelines.environment import environment as _environment

# Importing OpenCV puts the current folder on the linker's path, for every process that is started
# later, by whomever.
with _environment(LD_LIBRARY_PATH=_os.environ.get("LD_LIBRARY_PATH", "")):
    import cv2 as _cv2  # noqa: F401

# Importing Towhee calls logging.basicConfig, which is the application's to call.
_before = list(_logging.root.handlers)
import towhee as _towhee  # noqa: E402, F401

for _handler in set(_logging.root.handlers).difference(_before):
    _logging.root.removeHandler(_handler)

from dedup.pipelines.build import call, compare_pair, embed, ingest, output, search  # noqa: E402

__all__ = ["call", "compare_pair", "embed", "ingest", "output", "search"]
