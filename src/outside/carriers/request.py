"""A request and an answer, as the carriers' doors see them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` begins after the carrier's own; header names are in small letters."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def form(self) -> dict[str, str]:
        """The body as a form, one value a name. A + that was not percent-encoded has become a space."""
        return {name: values[0] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}

    def parameters(self) -> dict[str, str]:
        """The query, one value a name."""
        return {name: values[0] for name, values in parse_qs(self.query, keep_blank_values=True).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What goes back."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def told(content: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(body=json.dumps(content, ensure_ascii=False).encode(), status=status)
