"""The index: what is known of each file, and how files get in and out."""
