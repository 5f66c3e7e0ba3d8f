"""The stand-in ad platforms' reports as one running server: /google, /meta and /tiktok."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from outside.ads.spend_books import Books
from outside.ads.spend_platforms import google, meta, tiktok
from outside.carriers.mischief import Mischief
from outside.carriers.request import Request, Response, told
from outside.listening import listening

DOORS: Mapping[str, Callable[[Request, Books], Response]] = {"google": google, "meta": meta, "tiktok": tiktok}


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
    with listening(partial(_answer, books=books), host=host, port=port) as books.address:
        yield books
