"""The stand-in ad platforms' doors for conversions as one running server: /meta, /tiktok and /google."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from outside.ads.conversions_books import Books
from outside.ads.conversions_platforms import google, meta, tiktok
from outside.carriers.mischief import Mischief
from outside.carriers.request import Request, Response, told
from outside.listening import listening

DOORS: Mapping[str, Callable[[Request, Books], Response]] = {"meta": meta, "tiktok": tiktok, "google": google}


def _answer(first: str, request: Request, books: Books) -> Response | None:
    mischief = books.mischief
    content = request.json() or {}
    rows = content.get("data") or content.get("conversions") or content.get("conversionAdjustments") or ()
    books.requests.append((f"{first}{request.path}", len(rows)))
    if mischief.take("hang_up"):
        return None
    if mischief.take("outages"):
        return told({"error": "Out of order, as was asked for."}, 503)
    if mischief.take("throttle"):
        return Response(body=b'{"error":{"code":4,"message":"slow down"}}', status=429)
    if mischief.take("nonsense"):
        return Response(body=b"<html>Sorry, we are moving.</html>", content_type="text/html")
    door = DOORS.get(first)
    response = door(request, books) if door else told({"error": "no such platform"}, 404)
    return None if mischief.take("lose_answer") else response


@contextmanager
def serving(*, port: int = 0, host: str = "127.0.0.1", mischief: Mischief | None = None) -> Iterator[Books]:
    """Serves on that port (0: any free one) until the block is left; `books.address` says where."""
    books = Books(mischief=mischief or Mischief())
    with listening(partial(_answer, books=books), host=host, port=port) as books.address:
        yield books
