"""Telephone numbers as people type them → E.164, by the numbering plans of phonenumbers (Apache-2.0)."""

from __future__ import annotations

import phonenumbers


def e164(phone: str, country: str) -> str:
    """The number with its plus; "" for one that cannot be a number, which would only match somebody else."""
    if not phone.strip():
        return ""
    try:
        parsed = phonenumbers.parse(phone, country or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
