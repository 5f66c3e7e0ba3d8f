"""Secrets at rest: readable with the installation's key, and with no other."""

from __future__ import annotations

import pytest

from haitu.links.secrets import CannotUnseal, seal, unseal


def test_what_was_sealed_is_read_with_the_same_key() -> None:
    assert unseal(seal("sk_test_1", "the key"), "the key") == "sk_test_1"


def test_the_secret_cannot_be_seen_in_what_is_stored() -> None:
    assert "sk_test_1" not in seal("sk_test_1", "the key")
    assert seal("sk_test_1", "the key") != seal("sk_test_1", "the key")


def test_another_key_or_a_changed_text_is_refused_in_words() -> None:
    sealed = seal("sk_test_1", "the key")
    for text, key in [(sealed, "another key"), (sealed[:-4] + "AAAA", "the key"), ("", "the key")]:
        with pytest.raises(CannotUnseal):
            unseal(text, key)
