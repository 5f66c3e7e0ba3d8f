"""The stand-in ad platforms' reports as one running server: /google, /meta and /tiktok."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from outside.ads.spend_books import Books
from outside.ads.spend_platforms import google, meta, tiktok
from outside.carriers.mischief import Mischief
from outside.carriers.request import Request, Response, told

DOORS: Mapping[str, Callable[[Request, Books], Response]] = {"google": google, "meta": meta, "tiktok": tiktok}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Without the look-up of our own name, which may take seconds where there is no DNS."""
        self.socket.setsockopt(1, 2, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])


def _handler(books: Books) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            first, _, rest = parts.path.removeprefix("/").partition("/")
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(method=self.command, path=f"/{rest}", query=parts.query, headers=headers, body=body)
            response = _answer(first, request, books)
            if response is None:  # the connection breaks
                self.close_connection = True
                return
            self.send_response(response.status)
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(response.body)

        do_GET = do_POST = _any  # noqa: N815  # the parent's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the parent's name
            """Tokens travel in addresses: nothing is logged."""

    return Handler


def _answer(first: str, request: Request, books: Books) -> Response | None:
    mischief = books.mischief
    books.asked.append(f"{request.method} {first}{request.path}")
    time.sleep(mischief.slow_s)
    if mischief.take("hang_up"):
        return None
    if mischief.take("outages"):
        return told({"error": "Out of order, as was asked for."}, 503)
    if mischief.take("throttle"):
        return Response(body=b"{}", status=429, headers={"Retry-After": str(mischief.rest_s)})
    if mischief.take("nonsense"):
        return Response(body=b"<html>Sorry, we are moving.</html>", content_type="text/html")
    door = DOORS.get(first)
    return door(request, books) if door else told({"error": "no such platform"}, 404)


@contextmanager
def reporting(*, port: int = 0, host: str = "127.0.0.1") -> Iterator[Books]:
    """Serves on that port (0: any free one) until the block is left; `books.address` says where."""
    books = Books(mischief=Mischief())
    server = _Server((host, port), _handler(books))
    books.address = f"http://{host}:{server.server_port}"
    doors = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    doors.start()
    try:
        yield books
    finally:
        server.shutdown()
        server.server_close()
