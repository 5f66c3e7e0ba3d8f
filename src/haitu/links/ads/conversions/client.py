"""One request to an ad platform. It is not repeated here: what waits goes again by the clock, later each time.

One line a request goes to the log: host, path, status. Tokens travel in headers and are never logged; nor are bodies.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from haitu.links.ads.conversions.protocol import PlatformSilent, TokenExpired

log = logging.getLogger(__name__)
TIMEOUT = httpx.Timeout(20.0, connect=4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status below 500 that is not 429, and the JSON object with it."""

    status: int
    content: Mapping[str, Any]


def post(
    address: str,
    *,
    content: Mapping[str, Any] | None = None,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The platform's answer to JSON or a form. Raises PlatformSilent, TokenExpired (401)."""
    parts = urlsplit(address)
    try:
        response = httpx.post(
            address, json=content, data=dict(form) if form else None, headers=headers, timeout=TIMEOUT, trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as problem:
        reason = type(problem).__name__
        raise PlatformSilent(f"The ad platform does not answer ({reason}).", reason=reason) from None
    log.info("POST %s%s %s", parts.netloc, parts.path, response.status_code)
    if response.status_code == 401:
        raise TokenExpired("The ad platform no longer takes the stored token.")
    if response.status_code == 429 or response.status_code >= 500:
        reason = f"status {response.status_code}"
        raise PlatformSilent(f"The ad platform does not answer ({reason}).", reason=reason)
    try:
        found = response.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PlatformSilent("The ad platform does not answer (no JSON).", reason="no JSON")
    return Answer(status=response.status_code, content=found)
