"""What happens between two commits: tape, bell, follow."""
