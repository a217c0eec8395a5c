from .build import call, compare_pair, decode, embed, ingest, output, search

__all__ = ["call", "compare_pair", "decode", "embed", "ingest", "output", "search"]
