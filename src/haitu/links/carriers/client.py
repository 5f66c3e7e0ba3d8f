"""The one way to speak to a carrier over HTTP: patient, polite, and silent about secrets.

* Asked again after a broken connection, 429 or 5xx, with a pause that doubles and jitters; never more than `TRIES`
  times. All that we send carries our reference, so a request that was done unseen is harmless when repeated.
* `Retry-After` is obeyed where it is short, and told to the caller where it is long. Where the carrier counts down
  (`X-RateLimit-Remaining`), the last one is not used up before the reset.
* After `BREAKS_AFTER` failures in a row nothing is sent for `COOLS_S` seconds; then one request tries the ice.
* One line a request goes to the log: method, path, status, milliseconds. Secrets and bodies never do.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from haitu.links.carriers.protocol import BadCarrierAnswer, CarrierSilent

log = logging.getLogger(__name__)

TRIES = 4
FIRST_PAUSE_S = 0.25
LONGEST_WAIT_S = 5.0  # somebody is waiting at the desk; longer and the clockwork asks instead
BREAKS_AFTER = 5
COOLS_S = 20.0
LARGEST_ANSWER = 20 * 1024 * 1024
TIMEOUT = httpx.Timeout(15.0, connect=4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. Made anew for every try, because signatures carry the time."""

    method: str
    path: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: a status below 500 that is not 429."""

    status: int
    content: bytes
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Refuses BadCarrierAnswer."""
        try:
            found = httpx.Response(self.status, content=self.content).json()
        except ValueError:
            raise BadCarrierAnswer("The carrier answers with something else than JSON.", status=self.status) from None
        if not isinstance(found, dict):
            raise BadCarrierAnswer("The carrier answers with something unexpected.", status=self.status)
        return found


@dataclass(slots=True)
class Fuse:
    """How a carrier's address has behaved in this process; shared by all its accounts."""

    failures: int = 0
    blown_until: float = 0.0
    quiet_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


@lru_cache(maxsize=64)
def _fuse(address: str) -> Fuse:  # noqa: ARG001  # the key of the cache
    return Fuse()


_pools: dict[str, httpx.Client] = {}


def _pool(address: str) -> httpx.Client:
    """One pool of connections per carrier and process; safe to share between threads."""
    if address not in _pools:
        _pools.setdefault(address, httpx.Client(base_url=address, timeout=TIMEOUT, trust_env=False))
    return _pools[address]


class Client:
    """Speaks to one carrier's address. `pause`, `clock` and `chance` are handed in by tests."""

    def __init__(
        self,
        address: str,
        *,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        self.address = address.rstrip("/")
        self._pause, self._clock, self._chance, self._timeout = pause, clock, chance, timeout
        self._fuse = _fuse(self.address)

    def ask(self, make: Callable[[], Call]) -> Answer:
        """Sends what `make` makes until there is an answer. Refuses CarrierSilent, BadCarrierAnswer."""
        self._check_fuse()
        told, wait = "", 0.0
        for nth in range(TRIES):
            if nth:
                self._wait(max(wait, self._backoff(nth)), told)
            self._wait(self._fuse.quiet_until - self._clock(), "too many requests")
            told, wait, answer = self._try(make())
            if answer is not None:
                self._mended()
                return answer
        self._failed()
        raise CarrierSilent(f"The carrier does not answer ({told}).", reason=told)

    def _try(self, call: Call) -> tuple[str, float, Answer | None]:
        """(what went wrong, how long the carrier wants to rest, the answer)."""
        began = self._clock()
        try:
            response = _pool(self.address).request(
                call.method,
                call.path,
                headers=dict(call.headers),
                params=dict(call.params) or None,
                content=call.content or None,
                timeout=self._timeout,
            )
        except httpx.HTTPError as problem:
            told = type(problem).__name__
            self._note(call, told, began)
            return told, 0.0, None
        self._note(call, str(response.status_code), began)
        self._heed(response.headers)
        if response.status_code == 429 or response.status_code >= 500:
            return f"status {response.status_code}", _rest(response.headers), None
        if len(response.content) > LARGEST_ANSWER:
            raise BadCarrierAnswer("The carrier's answer is too large.")
        answer = Answer(status=response.status_code, content=response.content, headers=response.headers)
        return "", 0.0, answer

    def _note(self, call: Call, told: str, began: float) -> None:
        host = urlsplit(self.address).netloc
        log.info("%s %s%s %s %.0f ms", call.method, host, call.path, told, 1000 * (self._clock() - began))

    def _backoff(self, nth: int) -> float:
        """0.25, 0.5, 1 s and so on, each anything between half of it and the whole."""
        return float(FIRST_PAUSE_S * 2 ** (nth - 1) * (0.5 + self._chance() / 2))

    def _wait(self, seconds: float, told: str) -> None:
        if seconds > LONGEST_WAIT_S:
            raise CarrierSilent(
                f"The carrier wants to rest for {seconds:.0f} seconds ({told}).", reason=told, seconds=round(seconds)
            )
        if seconds > 0:
            self._pause(seconds)

    def _heed(self, headers: Mapping[str, str]) -> None:
        """Keeps the last allowed request unspent until the carrier counts anew."""
        left, reset = headers.get("x-ratelimit-remaining", ""), headers.get("x-ratelimit-reset", "")
        if left.isdigit() and int(left) == 0 and reset.isdigit():
            now = datetime.now(UTC).timestamp()
            seconds = int(reset) - now if int(reset) > 10**9 else float(reset)
            self._fuse.quiet_until = self._clock() + max(seconds, 0.0)

    # The fuse -----------------------------------------------------------------------------------------------
    def _check_fuse(self) -> None:
        with self._fuse.lock:
            left = self._fuse.blown_until - self._clock()
            if left > 0:
                told = "it has failed too often"
                raise CarrierSilent(
                    f"The carrier is left alone for {left:.0f} seconds ({told}).", reason=told, seconds=round(left)
                )
            if self._fuse.failures >= BREAKS_AFTER:  # one tries; the others wait for what becomes of it
                self._fuse.blown_until = self._clock() + COOLS_S

    def _failed(self) -> None:
        with self._fuse.lock:
            self._fuse.failures += 1
            if self._fuse.failures >= BREAKS_AFTER:
                self._fuse.blown_until = self._clock() + COOLS_S

    def _mended(self) -> None:
        if self._fuse.failures or self._fuse.blown_until:
            with self._fuse.lock:
                self._fuse.failures, self._fuse.blown_until = 0, 0.0


def forget() -> None:
    """Mends every fuse and closes every connection: for tests, and when an address was changed."""
    _fuse.cache_clear()
    while _pools:
        _pools.popitem()[1].close()


def _rest(headers: Mapping[str, str]) -> float:
    """Seconds in Retry-After, given as a number or as a date."""
    given = headers.get("retry-after", "").strip()
    if given.isdigit():
        return float(given)
    try:
        return max((parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return 0.0
