"""The Jinja2 environment of all pages and letters: what templates may say beside their own values."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.urls import reverse
from django.utils import timezone, translation
from jinja2 import Environment, FileSystemBytecodeCache, StrictUndefined, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import Markup, escape

from haitu.core.money import display
from haitu.web import locale as reader


def environment(**options: Any) -> Environment:
    """Named in settings.TEMPLATES. Texts ending in .txt are plain; everything else is escaped."""
    del options["autoescape"]
    options["auto_reload"] = settings.DEBUG
    options["undefined"] = StrictUndefined
    options["trim_blocks"] = options["lstrip_blocks"] = True
    folder = settings.VAR / "templates"
    folder.mkdir(parents=True, exist_ok=True)
    env = Environment(
        autoescape=select_autoescape(disabled_extensions=("txt",), default_for_string=True, default=True),
        bytecode_cache=FileSystemBytecodeCache(str(folder)),
        **options,
    )
    env.policies["ext.i18n.trimmed"] = True  # as `./haitu messages` gathers them
    env.install_gettext_callables(  # type: ignore[attr-defined]  # comes with the i18n extension
        translation.gettext,
        translation.ngettext,
        newstyle=True,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )
    env.filters |= {
        "money": money,
        "decimal": display,
        "number": number,
        "percent": percent,
        "unit": unit,
        "date": day,
        "day_month": day_month,
        "time": moment,
        "days": days,
        "code": code,
        "country": country,
        "language": reader.language_name,
        "symbol": symbol,
        "weight": weight,
    }
    env.globals |= {"static": static, "url": url, "direction": direction, "ceil": math.ceil}
    return env


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """The address of a named route."""
    return reverse(name, args=args, kwargs=kwargs)


def static(path: str) -> str:
    """The address of a static file; its name carries a hash of its content once collected."""
    return staticfiles_storage.url(path) if settings.DEBUG else _kept_static(path)


@cache
def _kept_static(path: str) -> str:
    return staticfiles_storage.url(path)


def direction() -> str:
    """'rtl' for readers of Arabic and alike, else 'ltr'."""
    return "rtl" if translation.get_language_bidi() else "ltr"


def _isolated(write: Callable[..., str]) -> Callable[..., str]:
    """On right-to-left pages what is written stands in <bdi>, so that signs and digits keep their order."""

    @pass_eval_context
    def written(context: EvalContext, value: Any, *args: Any, **kwargs: Any) -> str:
        text = write(value, *args, **kwargs)
        if not context.autoescape:
            return text
        return Markup("<bdi>{}</bdi>").format(text) if direction() == "rtl" else escape(text)

    return written


@_isolated
def money(minor: int, currency: str) -> str:
    return reader.money_text(minor, currency, reader.active())


@_isolated
def number(value: int | Decimal) -> str:
    return reader.number_text(value, reader.active())


@_isolated
def percent(basis_points: int) -> str:
    return reader.percent_text(basis_points, reader.active())


@_isolated
def unit(value: int | Decimal, name: str, length: str = "short") -> str:
    return reader.unit_text(value, name, reader.active(), length)


@_isolated
def weight(grams: int) -> str:
    if grams < 1000:
        return reader.unit_text(grams, "mass-gram", reader.active())
    return reader.unit_text(Decimal(grams) / 1000, "mass-kilogram", reader.active())


@_isolated
def day(value: date, style: str = "medium") -> str:
    return reader.date_text(value, reader.active(), style)


@_isolated
def day_month(value: date) -> str:
    return reader.day_month_text(value, reader.active())


@_isolated
def moment(value: datetime, style: str = "medium") -> str:
    here = timezone.localtime(value) if timezone.is_aware(value) else value
    return reader.time_text(here, reader.active(), style)


@_isolated
def days(first: date, last: date) -> str:
    return reader.days_text(first, last, reader.active())


@_isolated
def code(value: str) -> str:
    return value


@_isolated
def symbol(currency: str) -> str:
    return reader.currency_symbol(currency, reader.active())


def country(code: str) -> str:
    return reader.country_name(code, reader.active())
