"""Hashes for ad platforms, held against the vectors that the platforms print and against each other's rules."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from haitu.core.hashing import Person, for_google, for_meta, for_tiktok, google_address, hashed, meta_click

AMERICAN = "+1 (650) 555-1212"
# developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
METAS_EMAIL = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
METAS_PHONE = "e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176"
METAS_MARY = "6915771be1c5aa0c886870b6951b03d7eafc121fea0e80a5ea83beb7c449f4ec"
PLUS_PHONE = "1e231c66011e7a2d867a9cfae267a6aff103cf4913640b6e71a99850fc0ffbc8"  # sha256("+16505551212")


def test_metas_own_examples() -> None:
    person = Person(email=" John_Smith@gmail.com ", phone=AMERICAN, first_name="Mary")
    assert for_meta(person) == {"em": METAS_EMAIL, "ph": METAS_PHONE, "fn": METAS_MARY}


def test_google_and_tiktok_hash_the_plus_and_meta_does_not() -> None:
    person = Person(phone=AMERICAN)
    assert for_google(person) == {"hashedPhoneNumber": PLUS_PHONE}
    assert for_tiktok(person) == {"phone": PLUS_PHONE}
    assert for_meta(person) == {"ph": METAS_PHONE}


def test_only_google_takes_the_dots_out_of_a_gmail_address_and_out_of_no_other() -> None:
    dotted = Person(email="Anna.M.Schmidt@GoogleMail.com")
    assert for_google(dotted) == {"hashedEmail": hashed("annamschmidt@googlemail.com")}
    assert for_meta(dotted) == {"em": hashed("anna.m.schmidt@googlemail.com")}
    assert for_tiktok(dotted) == {"email": hashed("anna.m.schmidt@googlemail.com")}
    assert for_google(Person(email="a.b@example.test")) == {"hashedEmail": hashed("a.b@example.test")}


def test_places_are_hashed_for_meta_and_left_in_the_clear_for_google() -> None:
    person = Person(city="New York", region="N.Y.", postcode="10001-1234", country="US", last_name="O'Neil")
    assert for_meta(person) == {
        "ln": hashed("oneil"),
        "ct": hashed("newyork"),
        "st": hashed("ny"),
        "zp": hashed("10001"),
        "country": hashed("us"),
    }
    assert google_address(person) == {
        "hashedLastName": hashed("o'neil"),
        "city": "New York",
        "state": "N.Y.",
        "postalCode": "10001-1234",
        "countryCode": "US",
    }


def test_a_british_postcode_loses_its_space_and_no_digit() -> None:
    assert for_meta(Person(postcode="M1 1AE", country="GB"))["zp"] == hashed("m11ae")


def test_letters_of_any_script_are_composed_and_kept() -> None:
    composed, apart = "Valéry", "Valéry"
    assert for_meta(Person(first_name=apart)) == for_meta(Person(first_name=composed)) == {"fn": hashed("valéry")}
    assert for_meta(Person(first_name="정")) == {"fn": hashed("정")}


def test_what_is_not_known_is_not_hashed() -> None:
    assert (for_meta(Person()), for_google(Person()), for_tiktok(Person()), hashed("")) == ({}, {}, {}, "")


def test_a_click_is_told_to_meta_as_it_came() -> None:
    assert meta_click("IwAR0aB-Cd", 1_554_763_741_205) == "fb.1.1554763741205.IwAR0aB-Cd"


@given(st.text(), st.text(), st.text())
def test_nothing_personal_leaves_in_the_clear(email: str, phone: str, name: str) -> None:
    person = Person(email=email, phone=phone, first_name=name, last_name=name, reference=name)
    for told in (for_meta(person), for_google(person), for_tiktok(person)):
        assert all(len(value) == 64 and set(value) <= set("0123456789abcdef") for value in told.values())
