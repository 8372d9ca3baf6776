"""The pure floor: what can be said without I/O, a clock, Flask or gevent."""
