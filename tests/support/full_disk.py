"""A disk that is full, as far as this process sees."""

import contextlib
import sys


@contextlib.contextmanager
def files_of_at_most(size):
    """All that is written beyond so many bytes of a file fails, as on a full disk."""
    import resource  # of POSIX

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python takes bytecode that was cut for whole, and could import that module never again.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        sys.dont_write_bytecode = before
