"""How ad platforms are spoken to: patiently, politely, and silent about keys.

Asked again after a broken connection, 429 and 5xx, with a pause that doubles; `Retry-After` is obeyed where it is
short and told to the caller where it is long. Every question asks for a report and changes nothing, so asking twice is
harmless. One line a request goes to the log: method, host and path; never a query, header or body, for keys are there.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from haitu.links.ads.protocol import AdsSilent, BadAdsAnswer

log = logging.getLogger(__name__)

TRIES = 5
FIRST_PAUSE_S = 0.5
LONGEST_WAIT_S = 30.0  # longer, and the next hour's pull goes on
LARGEST_ANSWER = 64 * 1024 * 1024
TIMEOUT = httpx.Timeout(60.0, connect=5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status that is neither 429 nor 5xx, and what came with it."""

    status: int
    content: Any
    headers: Mapping[str, str]

    def found(self) -> dict[str, Any]:
        """The answer as a JSON object. Refuses BadAdsAnswer."""
        if not isinstance(self.content, dict):
            raise BadAdsAnswer("The platform answers with something else than a report.", status=self.status)
        return self.content


@dataclass(slots=True, kw_only=True)
class Speaker:
    """Speaks to one platform. `pause` and `chance` are handed in by tests."""

    pause: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    timeout: httpx.Timeout = field(default_factory=lambda: TIMEOUT)

    def ask(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """What the platform says. Refuses AdsSilent, BadAdsAnswer."""
        given = {"headers": dict(headers or {}), "params": dict(params or {}) or None, "data": form, "json": body}
        told, wait = "", 0.0
        for nth in range(TRIES):
            if nth:
                self.rest(max(wait, FIRST_PAUSE_S * 2 ** (nth - 1) * (0.5 + self.chance() / 2)), told)
            told, wait, answer = self._try(method, address, given)
            if answer is not None:
                return answer
        raise AdsSilent(f"The platform does not answer ({told}).", reason=told)

    def rest(self, seconds: float, told: str) -> None:
        """Waits, or refuses to wait so long."""
        if seconds > LONGEST_WAIT_S:
            raise AdsSilent(
                f"The platform wants to rest for {seconds:.0f} seconds ({told}).", reason=told, seconds=round(seconds)
            )
        self.pause(seconds)

    def _try(self, method: str, address: str, given: Mapping[str, Any]) -> tuple[str, float, Answer | None]:
        """(what went wrong, how long the platform wants to rest, the answer)."""
        parts = urlsplit(address)
        try:
            with httpx.Client(timeout=self.timeout, trust_env=False) as client:
                response = client.request(method, address, **given)
        except httpx.HTTPError as problem:
            log.info("%s %s%s %s", method, parts.netloc, parts.path, type(problem).__name__)
            return type(problem).__name__, 0.0, None
        log.info("%s %s%s %s", method, parts.netloc, parts.path, response.status_code)
        if response.status_code == 429 or response.status_code >= 500:
            rest = response.headers.get("retry-after", "")
            return f"status {response.status_code}", float(rest) if rest.isdigit() else 0.0, None
        if len(response.content) > LARGEST_ANSWER:
            raise BadAdsAnswer("The platform's answer is too large.")
        try:
            content = response.json()
        except ValueError:
            raise BadAdsAnswer(
                "The platform answers with something else than JSON.", status=response.status_code
            ) from None
        return "", 0.0, Answer(status=response.status_code, content=content, headers=response.headers)
