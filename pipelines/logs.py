"""What the libraries below this one log stays with them, and out of the program's own log.

Their errors come out as exceptions of this library. Who wants to read their lines all the same
adds a handler to their own loggers: `logging.getLogger("towhee").addHandler(...)`.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

__all__ = ["handlers_kept", "keep_apart"]

_APART = ("faiss", "milvus_lite", "openvino", "pymilvus", "towhee")


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Leave the root logger with the handlers that it has.

    Importing Towhee calls `logging.basicConfig`, which is the application's to call.
    """
    before = list(logging.root.handlers)
    try:
        yield
    finally:
        for handler in set(logging.root.handlers).difference(before):
            logging.root.removeHandler(handler)


def keep_apart() -> None:
    """Let nothing of these libraries reach the root logger, whoever imported them first."""
    for name in _APART:
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
    logging.getLogger("grpc._server").addFilter(_is_of_others)


def _is_of_others(record: logging.LogRecord) -> bool:
    """Whether a line of gRPC is not about Milvus Lite, a server that runs in this process.

    It has no `AllocTimestamp`, for one, which pymilvus asks for and does well without.
    """
    trace = record.exc_info[2] if record.exc_info else None
    raised_in = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(trace)]
    return not raised_in or raised_in[-1].partition(".")[0] not in _APART
