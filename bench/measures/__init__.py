"""One room per question; each answers with figures."""
