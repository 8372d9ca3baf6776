"""Headwater from the terminal: asks a running server over HTTP, as any other client does. Starts fast.

It knows nothing of the server's floors but how server-sent events are written, so that it could be taken out
and live elsewhere; what it may rely on is docs/protocol.md.
"""
