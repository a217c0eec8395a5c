"""What a worker process does: compare pairs. It imports little, so that it is there at once."""

import signal
from collections.abc import Mapping, Sequence
from typing import Any

from dedup._verification.align import compare
from dedup._verification.evidence import Evidence
from dedup._verification.features import Features, one_thread

__all__ = ["begin", "compare_all"]


def begin() -> None:
    """Prepare a process: there is one a core, and the one that started it ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    one_thread()


def compare_all(
    pairs: Sequence[tuple[int, int]], features: Mapping[int, Features]
) -> tuple[list[Evidence], dict[int, dict[str, Any]]]:
    """Compare pairs of pictures, given their features.

    Returns
    -------
    list of Evidence
        Of each pair.
    dict of int to dict
        What features have computed meanwhile, for later pairs.
    """
    before = {picture: set(known.computed) for picture, known in features.items()}
    evidence = [compare(features[a], features[b]) for a, b in pairs]
    return evidence, {
        picture: {name: f.computed[name] for name in f.computed if name not in before[picture]}
        for picture, f in features.items()
    }
