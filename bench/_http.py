"""A small HTTP/1.1 client that stays connected and keeps cookies: the measuring side must cost little."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

VISITORS = 8
ROUNDS = 6


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int
    location: str
    body: str


@dataclass(slots=True)
class Client:
    """One buyer's connection."""

    port: int
    host: str
    cookies: dict[str, str] = field(default_factory=dict)
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None

    async def get(self, path: str) -> Answer:
        """Asks for a page."""
        return await self._ask("GET", path, b"", "")

    async def post(self, path: str, form: dict[str, str]) -> Answer:
        """Sends a form with the token against forgery."""
        body = urlencode(form | {"csrfmiddlewaretoken": self.cookies.get("csrftoken", "")}).encode()
        return await self._ask("POST", path, body, "Content-Type: application/x-www-form-urlencoded\r\n")

    async def send(self, path: str, body: bytes, headers: str) -> Answer:
        """Sends bytes as they are."""
        return await self._ask("POST", path, body, headers)

    async def _ask(self, method: str, path: str, body: bytes, headers: str) -> Answer:
        if self.reader is None or self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\nCookie: {cookies}\r\n{headers}"
        head += f"Content-Length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        raw = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        length, location = 0, ""
        for line in raw[1:]:
            name, _, value = line.partition(":")
            match name.lower():
                case "content-length":
                    length = int(value.strip())
                case "location":
                    location = value.strip()
                case "set-cookie":
                    self._keep(value.strip())
        text = (await self.reader.readexactly(length)).decode() if length else ""
        return Answer(status=int(raw[0].split()[1]), location=location, body=text)

    def _keep(self, cookie: str) -> None:
        name, _, rest = cookie.partition("=")
        value = rest.partition(";")[0].strip('"')
        if value and "Max-Age=0" not in cookie:
            self.cookies[name] = value
        else:
            self.cookies.pop(name, None)


async def look_at_all(paths: list[str], port: int, host: str) -> float:
    """Every page several times, so that each worker has made it; the seconds the first round took, a page."""
    rounds = []
    for _ in range(ROUNDS):
        waiting = iter(paths)
        start = time.monotonic()

        async def visitor(waiting: Iterator[str] = waiting) -> None:
            client = Client(port, host)
            for path in waiting:
                await client.get(path)
                client.cookies.clear()

        await asyncio.gather(*(visitor() for _ in range(VISITORS)))
        rounds.append((time.monotonic() - start) / len(paths))
    return rounds[0]
