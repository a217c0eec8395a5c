"""Two pictures laid over each other: what they share, what changed, and in which words."""
