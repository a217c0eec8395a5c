"""Labelled duplicates: named edits, hard negatives, how sets of them are built and read."""
