"""Reading documents in a process of its own: nothing in here knows a database, a secret or a person."""
