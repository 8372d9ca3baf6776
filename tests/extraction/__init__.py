"""Reading files of every kind, well made, damaged and hostile."""
