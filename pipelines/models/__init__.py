"""The networks and hashes by which pictures are compared, and what runs them."""
