"""Which files an index holds, and what is known of each."""
