"""What survives a power cut; SQLAlchemy lives here."""
