"""What `make eval` measures: whether questions find the passages that answer them, and answers cite these."""
