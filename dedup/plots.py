"""Plots of scored pairs: how well a score tells duplicates, and what a threshold gets wrong.

Each function takes `ScoredPairs`, draws into the axes that it is given or into a new figure, and
returns the axes. They look at the pairs only; `borderline` reads the pictures, too.
"""

from dedup._plot_borderline import borderline
from dedup._plot_histogram import similarity_histogram
from dedup._plot_precision_recall import precision_recall
from dedup._plot_recall import recall_by_edit

__all__ = ["borderline", "precision_recall", "recall_by_edit", "similarity_histogram"]
