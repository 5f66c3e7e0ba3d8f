"""The doors for payment providers' notices and carriers' tracking pushes."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from haitu.actions import pay, track
from haitu.core.errors import Refusal
from haitu.links.carriers.protocol import ForgedPush
from haitu.links.payment.protocol import BadNotice, Forged

log = logging.getLogger(__name__)
LARGEST_BODY = 64 * 1024
LARGEST_PUSH = 2 * 1024 * 1024


@csrf_exempt  # a provider has no cookie of ours; its signature is checked instead
@require_POST
def payment(request: HttpRequest, token: str) -> HttpResponse:
    """Keeps a signed notice and says so: 200 whatever it leads to, 401 forged, 404 no such account, 413 too large."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_BODY:
        return HttpResponse("too large", status=413, content_type="text/plain")
    try:
        pay.receive(account_token=token, raw=request.body, headers=request.headers, now=timezone.now())
    except pay.NoSuchAccount:
        return HttpResponse("no such account", status=404, content_type="text/plain")
    except Forged as refusal:
        log.warning("a notice was refused: %s", refusal.told)
        return HttpResponse("the signature does not fit", status=401, content_type="text/plain")
    except BadNotice as refusal:
        log.warning("a notice was refused: %s", refusal.told)
        return HttpResponse("not understood", status=400, content_type="text/plain")
    return HttpResponse("kept", content_type="text/plain")


@csrf_exempt  # a carrier has no cookie of ours; its signature is checked instead
@require_POST
def tracking(request: HttpRequest, token: str) -> HttpResponse:
    """Keeps a push and thanks as the carrier wants: 200, 401 forged, 404 no such account, 413 too large, 400 else."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > LARGEST_PUSH:
        return HttpResponse("too large", status=413, content_type="text/plain")
    try:
        thanks = track.receive_push(account_token=token, raw=request.body, headers=request.headers, now=timezone.now())
    except track.NoSuchHook:
        return HttpResponse("no such account", status=404, content_type="text/plain")
    except ForgedPush as refusal:
        log.warning("a push was refused: %s", refusal.told)
        return HttpResponse("the signature does not fit", status=401, content_type="text/plain")
    except Refusal as refusal:
        log.warning("a push was refused: %s", refusal.told)
        return HttpResponse("not understood", status=400, content_type="text/plain")
    return HttpResponse(thanks.body, content_type=thanks.content_type)
