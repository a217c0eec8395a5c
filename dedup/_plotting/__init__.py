"""The plots of `dedup.plots`, one a module."""
