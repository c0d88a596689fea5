"""A way to a server that can be shut: then nobody listens, and open connections break."""

import socket
import threading
from contextlib import suppress

from deploy.local.ports import HOST, free_port


class Gate:
    """Passes connections to `port` on to `target`, both on this machine, while it is open."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._connections: list[socket.socket] = []

    def open(self) -> None:
        """Let connections through from now on."""
        self._listener = socket.create_server((HOST, self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self) -> None:
        """Cut every connection; new ones are refused."""
        with self._lock:
            listener, self._listener = self._listener, None
            if listener is None:
                return
            for connection in (listener, *self._connections):
                with suppress(OSError):  # it is closed already
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._connections.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):  # shut
            while True:
                client, _ = listener.accept()
                server = socket.create_connection((HOST, self._target))
                with self._lock:
                    self._connections += (client, server)
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=pair, daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # one side hung up
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
