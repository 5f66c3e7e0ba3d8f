"""YunExpress' older interface: Basic with base64("code&secret"). Alike in many public clients; no vector is published.

The newer interface signs with HMAC-SHA256; we have seen no document of it, so it is not built.
"""

from __future__ import annotations

from base64 import b64encode


def authorization(code: str, secret: str) -> str:
    """The Authorization header."""
    return "Basic " + b64encode(f"{code}&{secret}".encode()).decode("ascii")
