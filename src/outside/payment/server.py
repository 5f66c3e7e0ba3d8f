"""The provider as a running server: threads for requests, one for deliveries."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from outside.payment.app import App
from outside.payment.deliveries import Courier
from outside.payment.desk import Desk
from outside.payment.mischief import Mischief
from outside.payment.store import Store


class _Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Without the look-up of our own name, which may take seconds where there is no DNS."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the parent's name
        """Addresses of payments are keys: they are not logged."""


@contextmanager
def serving(*, host: str, port: int, path: str, mischief: Mischief, address: str = "") -> Iterator[Desk]:
    """Serves on that port (0: any free one) until the block is left; `desk.own_address` says where."""
    store = Store(path)
    desk = Desk(store, mischief, own_address="")
    server = _Server((host, port), _Handler)
    server.set_app(App(desk))
    desk.own_address = address or f"http://{host}:{server.server_port}"
    courier = Courier(desk)
    doors = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    courier.start()
    doors.start()
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()
        courier.stop()
        store.close()
