"""How the desk answers: back to a page with a note, a file, or "there is nothing here"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from csv import writer
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse

from haitu.core.errors import Refusal
from haitu.web.desk import words
from haitu.web.desk.door import Desk, show


def back(request: HttpRequest, address: str, done: str) -> HttpResponse:
    """To the page, which says what was done."""
    messages.success(request, done)
    return HttpResponseRedirect(address)


def acted(request: HttpRequest, address: str, act: Callable[[], Any], done: str) -> HttpResponse:
    """Does it and goes to the page, which says that it is done, or why not."""
    try:
        act()
    except Refusal as no:
        messages.error(request, words.refusal(no))
        return HttpResponseRedirect(address)
    return back(request, address, done)


def nothing_here(request: HttpRequest, desk: Desk) -> HttpResponse:
    """For what does not exist and for what belongs to somebody else, alike."""
    return show(request, desk, "gone.html", status=404)


def csv_file(name: str, lines: Iterable[str]) -> StreamingHttpResponse:
    """A CSV file to keep."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Rows as CSV lines, with the mark that tells spreadsheets it is UTF-8; nothing in them starts a formula."""
    line = _Line()
    table = writer(line)
    yield "\ufeff"
    for row in rows:
        table.writerow([_harmless(cell) for cell in row])
        yield line.text


class _Line:
    """What csv.writer takes for a file: it keeps the last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _harmless(cell: object) -> object:
    if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        with suppress(ValueError):
            float(cell)
            return cell
        return f"'{cell}"
    return cell
