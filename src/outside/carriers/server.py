"""The carriers as one running server: a thread a request, another for pushes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from outside.carriers import cainiao, fourpx, goodcang, sandbox, sf, ups, yunexpress
from outside.carriers.books import Books
from outside.carriers.mischief import Mischief
from outside.carriers.request import Request, Response, told
from outside.listening import listening

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


def _answer(first: str, request: Request, books: Books) -> Response | None:
    """The carrier's answer, or what goes wrong instead; None breaks the connection."""
    mischief, request = books.mischief, replace(request, path=f"/{request.path.strip('/')}")
    books.calls.append(f"{request.method} /{first}{request.path}")
    if mischief.take("hang_up"):
        return None
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
        return None
    return response


@contextmanager
def serving(*, port: int = 0, host: str = "127.0.0.1", mischief: Mischief | None = None) -> Iterator[Books]:
    """Serves on that port (0: any free one) until the block is left; `books.own_address` says where."""
    books = Books(mischief or Mischief())
    answer = partial(_answer, books=books)
    with listening(answer, host=host, port=port) as books.own_address:
        travel = sandbox.Traveller(books)
        travel.start()
        try:
            yield books
        finally:
            travel.stop()
