"""The pure floor, by examples and by hypothesis."""
