"""The result of a search: groups, pairs, and what they are turned into."""
