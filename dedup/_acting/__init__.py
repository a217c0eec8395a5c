"""Act on duplicates without losing a file: plans, journals, undo."""
