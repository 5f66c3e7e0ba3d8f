"""Product feeds as files: RSS 2.0 with Google's namespace, CSV, TSV; one item after the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from csv import QUOTE_MINIMAL, writer
from xml.sax.saxutils import escape

Items = Iterable[Mapping[str, str]]
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what XML 1.0 cannot hold
CONTENT_TYPES = {
    "xml": "application/xml; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
}
PARTS = ("country", "region", "service", "price")  # of a shipping attribute in one text, with colons between


def lines(file: str, items: Items, columns: Sequence[str], *, title: str, address: str) -> Iterator[str]:
    """The feed's text, piece by piece."""
    return _WRITERS[file](items, columns, title, address)


def _xml(items: Items, columns: Sequence[str], title: str, address: str) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">'
    yield f"<channel><title>{_safe(title)}</title><link>{_safe(address)}</link><description></description>\n"
    for item in items:
        inner = "".join(_element(name, item[name]) for name in columns if item.get(name))
        yield f"<item>{inner}</item>\n"
    yield "</channel></rss>\n"


def _element(name: str, text: str) -> str:
    if name == "shipping":
        given = zip(PARTS, text.split(":"), strict=False)
        return f"<g:shipping>{''.join(f'<g:{part}>{_safe(one)}</g:{part}>' for part, one in given if one)}</g:shipping>"
    if name == "additional_image_link":
        return "".join(f"<g:{name}>{_safe(one)}</g:{name}>" for one in text.split(","))
    return f"<g:{name}>{_safe(text)}</g:{name}>"


def _safe(text: str) -> str:
    return escape(CONTROL.sub(" ", text))


def _csv(items: Items, columns: Sequence[str], _title: str, _address: str) -> Iterator[str]:
    line = _Line()
    table = writer(line, quoting=QUOTE_MINIMAL, lineterminator="\n")
    for row in _rows(items, columns):
        table.writerow([CONTROL.sub(" ", cell) for cell in row])
        yield line.text


def _tsv(items: Items, columns: Sequence[str], _title: str, _address: str) -> Iterator[str]:
    """Tabs and line ends inside a text become spaces; nothing is quoted."""
    for row in _rows(items, columns):
        yield "\t".join(" ".join(CONTROL.sub(" ", cell).split()) for cell in row) + "\n"


def _rows(items: Items, columns: Sequence[str]) -> Iterator[Sequence[str]]:
    yield columns
    for item in items:
        yield [item.get(name, "") for name in columns]


class _Line:
    """What csv.writer takes for a file: it keeps the last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


_WRITERS: Mapping[str, Callable[[Items, Sequence[str], str, str], Iterator[str]]] = {
    "xml": _xml,
    "csv": _csv,
    "tsv": _tsv,
}
