"""The carriers as one running server: a thread a request, another for pushes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from outside.carriers import cainiao, fourpx, goodcang, sandbox, sf, ups, yunexpress
from outside.carriers.books import Books
from outside.carriers.mischief import Mischief
from outside.carriers.request import Request, Response, told

Door = Callable[[Request, Books], Response]
DOORS: Mapping[str, Door] = {
    "sandbox": sandbox.answer,
    "sf": sf.answer,
    "cainiao": cainiao.answer,
    "fourpx": fourpx.answer,
    "yunexpress": yunexpress.answer,
    "goodcang": goodcang.answer,
    "ups": ups.answer,
}
LARGEST_BODY = 4 * 1024 * 1024


class _HangUp(Exception):
    pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

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
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(min(length, LARGEST_BODY))
            parts = urlsplit(self.path)
            first, _, rest = parts.path.strip("/").partition("/")
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(method=self.command, path=f"/{rest}", query=parts.query, headers=headers, body=body)
            try:
                self._send(_answer(first, request, books))
            except _HangUp:
                self.close_connection = True

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
            """Keys travel in addresses: they are not logged."""

    return Handler


def _answer(first: str, request: Request, books: Books) -> Response:
    """The carrier's answer, or what goes wrong instead."""
    mischief = books.mischief
    books.calls.append(f"{request.method} /{first}{request.path}")
    if mischief.take("hang_up"):
        raise _HangUp
    if mischief.take("outages"):
        return told({"error": "Out of order, as was asked for."}, 503)
    if mischief.take("throttle"):
        headers = {"Retry-After": str(mischief.rest_s), "X-RateLimit-Remaining": "0"}
        return Response(body=b'{"error":"slow down"}', status=429, headers=headers)
    if mischief.slow_s:
        time.sleep(mischief.slow_s)
    if mischief.take("nonsense"):
        return Response(body=b"<html>Sorry, we are moving.</html>", content_type="text/html")
    door = DOORS.get(first)
    response = door(request, books) if door else told({"error": "no such carrier"}, 404)
    if mischief.take("lose_answer"):
        raise _HangUp
    return response


@contextmanager
def serving(*, port: int = 0, host: str = "127.0.0.1", mischief: Mischief | None = None) -> Iterator[Books]:
    """Serves on that port (0: any free one) until the block is left; `books.own_address` says where."""
    books = Books(mischief or Mischief())
    server = _Server((host, port), _handler(books))
    books.own_address = f"http://{host}:{server.server_port}"
    doors = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    doors.start()
    travel = sandbox.Traveller(books)
    travel.start()
    try:
        yield books
    finally:
        travel.stop()
        server.shutdown()
        server.server_close()
