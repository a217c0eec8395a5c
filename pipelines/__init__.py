"""The declarative half of dedup: Towhee operators and pipelines, and the models they run.

`images` reads image files, `models` embeds them, `store` keeps them in Milvus: three rooms that
do not know each other. `operators` wraps these three as the Towhee operators of the Milvus
tutorial; `build` declares the pipelines. What is listed in `__init__.pyi` is imported when it is
first used, so that nobody waits for Towhee who only reads a picture.
"""

import lazy_loader

from dedup.pipelines.logs import keep_apart

keep_apart()
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
