"""What `make eval` measures: whether questions find the passages that answer them, and whether answers cite them."""
