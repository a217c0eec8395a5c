"""All pairs of vectors that are similar: exact, approximate, resumable."""
