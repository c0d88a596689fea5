"""Whatever way the hot store fails, a look-up is one that can be tried again."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from urllib3.exceptions import ProtocolError

from deploy.local.ports import free_port
from schemas.errors import SinkDown
from schemas.settings import ClickHouseSettings
from stream_jobs.runtime.lookup import HotStore
from stream_jobs.stage import LookupKey

KEY = LookupKey("t", "i1")
TORN = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: text/plain\r\n\r\nabc"


@pytest.fixture
def torn() -> Iterator[int]:
    """The port of a server that hangs up in the middle of every answer."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:  # closed
                return
            with client:
                client.recv(65_536)
                client.sendall(TORN)

    thread = threading.Thread(target=serve)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(10)


def fails(store: HotStore) -> None:
    with pytest.raises(SinkDown, match="late signals wait"):
        store.find([KEY])


def test_nobody_listens() -> None:
    fails(HotStore(ClickHouseSettings(port=free_port())))


def test_an_answer_is_torn(torn: int) -> None:
    fails(HotStore(ClickHouseSettings(port=torn)))


class Breaking(HotStore):
    """Its connection breaks below the client, which lets such errors through."""

    def _connect(self) -> Any:
        raise ProtocolError("Connection broken")


def test_the_transport_breaks() -> None:
    fails(Breaking(ClickHouseSettings()))
