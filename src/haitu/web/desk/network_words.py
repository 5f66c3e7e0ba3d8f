"""The desk's words for the network: passages, kinds of warehouses, and why a lane's days are doubted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from haitu.core.explain import Why
from haitu.web.desk import tariff_words
from haitu.web.locale import active, unit_text

PASSAGES = {
    "suez": gettext_noop("Suez Canal"),
    "bab_el_mandeb": gettext_noop("Bab el-Mandeb"),
    "panama": gettext_noop("Panama Canal"),
    "malacca": gettext_noop("Strait of Malacca"),
    "sunda": gettext_noop("Sunda Strait"),
    "hormuz": gettext_noop("Strait of Hormuz"),
    "gibraltar": gettext_noop("Strait of Gibraltar"),
    "bosporus": gettext_noop("Bosporus"),
    "dardanelles": gettext_noop("Dardanelles"),
    "cape": gettext_noop("Cape of Good Hope"),
    "magellan": gettext_noop("Strait of Magellan"),
    "bering": gettext_noop("Bering Strait"),
    "northwest": gettext_noop("Northwest Passage"),
}
KINDS = {
    "origin": gettext_noop("Origin"),
    "transit": gettext_noop("Hub"),
    "overseas": gettext_noop("Overseas"),
}
DOUBTS = {
    "too_fast": gettext_noop("%(distance)s in %(days)s days: faster than %(mode)s goes."),
    "too_slow": gettext_noop("%(distance)s in %(days)s days: slower than %(mode)s goes."),
}


def passage(code: str) -> str:
    return _(PASSAGES[code]) if code in PASSAGES else code


def kind(code: str) -> str:
    return _(KINDS[code]) if code in KINDS else code


def doubt(why: Why) -> str:
    """In the reader's language; a code not known here is shown as it was told."""
    if why.code not in DOUBTS:
        return why.told
    given: Mapping[str, Any] = why.given
    return _(DOUBTS[why.code]) % {
        "distance": unit_text(given["distance_km"], "length-kilometer", active()),
        "days": given["days_p50"],
        "mode": tariff_words.mode(given["mode"]),
    }
