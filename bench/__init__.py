"""What `make bench` measures: the server beside a bare relay, in one run, over real sockets on loopback."""
