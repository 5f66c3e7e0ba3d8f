"""A person's data as ad platforms match them: normalised and hashed as each of them says. They differ, on purpose.

Meta wants a telephone number without its plus and hashes even the country; Google wants the plus, takes the dots out
of a Gmail address and must get places in the clear; TikTok wants the plus and takes no names. One normaliser for all
would be wrong for two of them. Sources beside each rule, read on 2026-11-23.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

GMAIL = ("gmail.com", "googlemail.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What an order knows of its buyer; "" where it does not. `phone` is E.164 with its plus, `country` ISO alpha-2."""

    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    city: str = ""
    region: str = ""
    postcode: str = ""
    country: str = ""
    reference: str = ""  # our own number of the buyer


def hashed(text: str) -> str:
    """SHA-256 of the UTF-8 bytes in small hexadecimal letters; "" for nothing, which is never hashed."""
    return sha256(text.encode()).hexdigest() if text else ""


def for_meta(person: Person) -> Mapping[str, str]:
    """Meta's `user_data` keys, all hashed.

    developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters: e-mail
    trimmed, small letters; telephone digits only with the country's code and no leading zeros; names and places in
    small letters without punctuation, in UTF-8; places without spaces; an American postcode's first five digits.
    """
    country = person.country.strip().lower()
    postcode = re.sub(r"[\s-]", "", person.postcode).lower()
    keys = {
        "em": person.email.strip().lower(),
        "ph": re.sub(r"\D", "", person.phone).lstrip("0"),
        "fn": _letters(person.first_name),
        "ln": _letters(person.last_name),
        "ct": _letters(person.city),
        "st": _letters(person.region),
        "zp": postcode[:5] if country == "us" else postcode,
        "country": country,
        "external_id": person.reference,
    }
    return {name: hashed(value) for name, value in keys.items() if value}


def for_google(person: Person) -> Mapping[str, str]:
    """Google's identifiers of an uploaded click conversion: e-mail and telephone are the only ones it takes there.

    developers.google.com/google-ads/api/docs/conversions/upload-online: trimmed, small letters, E.164 with the plus;
    at gmail.com and googlemail.com the dots before the @ go.
    """
    keys = {"hashedEmail": _google_email(person.email), "hashedPhoneNumber": _e164(person.phone)}
    return {name: hashed(value) for name, value in keys.items() if value}


def google_address(person: Person) -> Mapping[str, str]:
    """Google's `addressInfo` of enhanced conversions: names are hashed, places must not be (same page)."""
    keys = {
        "hashedFirstName": hashed(person.first_name.strip().lower()),
        "hashedLastName": hashed(person.last_name.strip().lower()),
        "city": person.city.strip(),
        "state": person.region.strip(),
        "postalCode": person.postcode.strip(),
        "countryCode": person.country.strip().upper(),
    }
    return {name: value for name, value in keys.items() if value}


def for_tiktok(person: Person) -> Mapping[str, str]:
    """TikTok's `user` keys: e-mail in small letters, telephone in E.164 with the plus, our own number; no names.

    business-api.tiktok.com/portal/docs?id=1771100865818625 (Events API 2.0, customer information).
    """
    keys = {
        "email": person.email.strip().lower(),
        "phone": _e164(person.phone),
        "external_id": person.reference,
    }
    return {name: hashed(value) for name, value in keys.items() if value}


def meta_click(fbclid: str, at_ms: int) -> str:
    """Meta's `fbc` of a click on our page: version, one subdomain, when it was seen, the id as it came. Not hashed."""
    return f"fb.1.{at_ms}.{fbclid}"


def _letters(text: str) -> str:
    """Small letters of any script, composed (NFC), without punctuation or spaces."""
    small = unicodedata.normalize("NFC", text).lower()
    return "".join(letter for letter in small if unicodedata.category(letter)[0] in "LMN")


def _google_email(email: str) -> str:
    name, at, domain = email.strip().lower().rpartition("@")
    return f"{name.replace('.', '')}@{domain}" if domain in GMAIL else f"{name}{at}{domain}"


def _e164(phone: str) -> str:
    digits = re.sub(r"\D", "", phone)
    return f"+{digits}" if digits else ""
