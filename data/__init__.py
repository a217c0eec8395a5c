"""Labelled duplicates: named edits, hard negatives, how sets of them are built and read."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
