"""The index: what a user adds to, asks, and searches."""
