"""HTTP: Flask lives here and only here."""
