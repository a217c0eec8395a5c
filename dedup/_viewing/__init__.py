"""Results as people look at them: in a notebook, as a page, pair by pair."""
