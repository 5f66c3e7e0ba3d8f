"""Headers that tell browsers what our pages may do: no inline script or style, nothing from elsewhere, no framing."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
# Unfold draws the operators' pages with Alpine (which evaluates expressions) and style attributes. Nobody but an
# operator who has logged in sees what is behind this door; scripts still come from ourselves alone.
_OPERATORS_POLICY = _POLICY.replace("script-src 'self'", "script-src 'self' 'unsafe-eval' 'unsafe-inline'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)
_PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()"


class SecurityHeaders:
    """Sets the policy unless the view has set a closer one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        headers = response.headers
        operators = request.path_info.startswith("/admin/")
        headers.setdefault("Content-Security-Policy", _OPERATORS_POLICY if operators else _POLICY)
        headers.setdefault("Permissions-Policy", _PERMISSIONS)
        return response


def allow_form_target(response: HttpResponse, origin: str) -> None:
    """Lets this page's forms end at another origin as well: browsers hold form-action against redirects, too."""
    response.headers["Content-Security-Policy"] = f"{_POLICY} {origin}".rstrip()


def origin_of(address: str) -> str:
    """The origin of an address, as a policy names it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
