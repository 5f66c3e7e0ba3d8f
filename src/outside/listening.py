"""The stand-ins' one HTTP server: a thread a request; what a door answers is sent, None breaks the connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from outside.carriers.request import Request, Response

LARGEST_BODY = 4 * 1024 * 1024
Answer = Callable[[str, Request], Response | None]  # first part of the path, the request below it


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Without the look-up of our own name, which may take seconds where there is no DNS."""
        self.socket.setsockopt(1, 2, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def _handler(answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def _any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, LARGEST_BODY))
            parts = urlsplit(self.path)
            first, _, rest = parts.path.removeprefix("/").partition("/")
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(method=self.command, path=f"/{rest}", query=parts.query, headers=headers, body=body)
            response = answer(first, request)
            if response is None:
                self.close_connection = True
            else:
                self._send(response)

        do_GET = do_POST = do_DELETE = do_PUT = _any  # noqa: N815  # the parent's names

        def _send(self, response: Response) -> None:
            self.send_response(response.status)
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the parent's name
            """Keys travel in addresses and headers: nothing is logged."""

    return Handler


@contextmanager
def listening(answer: Answer, *, host: str, port: int) -> Iterator[str]:
    """Serves on that port (0: any free one) until the block is left; gives the address."""
    server = _Server((host, port), _handler(answer))
    doors = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    doors.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
