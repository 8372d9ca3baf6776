"""A pooler in transaction mode, as far as rings go: all passes, but no notification ever arrives."""

import socket
import threading
from typing import Self

NOTIFICATION = b"A"  # NotificationResponse; PostgreSQL's manual, "Message Formats"


class DeafPooler:
    """Stands before a PostgreSQL server on a port of its own."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass_back, args=(server, client), daemon=True).start()

    @staticmethod
    def _pass_on(client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(65536):
                server.sendall(data)
        except OSError:
            pass  # one of the two has gone
        finally:
            server.close()

    @staticmethod
    def _pass_back(server: socket.socket, client: socket.socket) -> None:
        with server.makefile("rb") as messages, client:
            try:
                while head := messages.read(5):
                    body = messages.read(int.from_bytes(head[1:], "big") - 4)
                    if head[:1] != NOTIFICATION:
                        client.sendall(head + body)
            except OSError:
                pass  # one of the two has gone
