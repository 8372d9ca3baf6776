"""Where answers come from, each a generator of deltas."""
