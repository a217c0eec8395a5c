"""Which pairs are worth a look: from the self-join of an index to what is verified."""
