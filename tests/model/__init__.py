"""The stream log against a model of it: any order of calls, crashes and takeovers."""
