from .sample import build_sample

__all__ = ["build_sample"]
