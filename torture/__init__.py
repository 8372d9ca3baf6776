"""Torture: every promise about dying, leaving and failing parts, tried at random moments and counted."""
