"""JavaScript, tested where it runs: in Node's own test runner."""
