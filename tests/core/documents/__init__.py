"""Documents as text: their kinds, and how they are cut."""
