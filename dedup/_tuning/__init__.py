"""Thresholds from labelled duplicates, and what to expect of them."""
