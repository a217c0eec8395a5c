"""The search: which pairs are proposed, how they are decided, what comes out."""
