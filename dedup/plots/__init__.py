"""Plots of scored pairs: how well a score tells duplicates, and what a threshold gets wrong.

Each function takes `ScoredPairs`, draws into the axes that it is given or into a new figure, and
returns the axes. They look at the pairs only; `borderline` reads the pictures, too.
"""

from dedup.plots._borderline import borderline
from dedup.plots._histogram import similarity_histogram
from dedup.plots._precision_recall import precision_recall
from dedup.plots._recall import recall_by_edit

__all__ = ["borderline", "precision_recall", "recall_by_edit", "similarity_histogram"]
