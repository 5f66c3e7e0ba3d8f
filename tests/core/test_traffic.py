"""Sources by address and referrer, and what a reader's word, browser and law let us keep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haitu.core.traffic import LONGEST, Consent, clean, may_keep, source_of
from haitu.links.reference.traffic import consent_mode, sources
from haitu.models import ChannelKind


@pytest.mark.parametrize(
    ("query", "referrer", "channel", "kind"),
    [
        ({"gclid": "abc"}, "google.com", "google-search", "search"),
        ({"gbraid": "abc"}, "", "google-search", "search"),
        ({"utm_source": "google", "utm_medium": "cpc"}, "", "google-search", "search"),
        ({"utm_source": "Google", "utm_medium": "organic"}, "", "google-organic", "organic"),
        ({"utm_source": "google", "utm_medium": "shopping", "gclid": "x"}, "", "google-shopping", "shopping"),
        ({"fbclid": "abc"}, "l.facebook.com", "meta-organic", "organic"),
        ({"fbclid": "abc", "utm_source": "ig", "utm_medium": "paid_social"}, "", "meta-social", "social"),
        ({"utm_source": "meta", "utm_medium": "retargeting"}, "", "meta-retargeting", "retargeting"),
        ({"ttclid": "abc"}, "", "tiktok-social", "social"),
        ({"utm_source": "tiktok", "utm_medium": "cpc"}, "", "tiktok-social", "social"),
        ({"utm_source": "Baidu", "utm_medium": "cpc"}, "", "baidu", "search"),
        ({"utm_source": "tiktok", "utm_medium": "retargeting"}, "", "tiktok-retargeting", "retargeting"),
        ({"utm_source": "Xiao Ming", "utm_medium": "influencer"}, "", "xiao-ming", "creator"),
        ({"utm_source": "Xiao Ming"}, "", "xiao-ming", "referral"),
        ({}, "google.co.jp", "google-organic", "organic"),
        ({}, "m.youtube.com", "youtube-organic", "organic"),
        ({}, "news.example.org", "referral", "referral"),
    ],
)
def test_a_landing_names_its_channel(query: dict[str, str], referrer: str, channel: str, kind: str) -> None:
    found = source_of(query, referrer, sources())
    assert found is not None
    assert (found.channel, found.kind) == (channel, kind)


def test_a_typed_address_names_none() -> None:
    assert source_of({"q": "lamp"}, "", sources()) is None


def test_a_campaign_and_its_click_are_kept_apart() -> None:
    found = source_of({"gclid": "Cj0K", "utm_source": "google", "utm_campaign": " Brand <b>\x00x "}, "", sources())
    assert found is not None
    assert (found.campaign, found.click_kind, found.click_id) == ("Brand b x", "gclid", "Cj0K")


@given(st.dictionaries(st.sampled_from(["utm_source", "utm_medium", "utm_campaign", "gclid"]), st.text()), st.text())
def test_whatever_stands_in_an_address_gives_short_plain_names(query: dict[str, str], referrer: str) -> None:
    found = source_of(query, referrer, sources())
    if found is not None:
        assert found.kind in ChannelKind.values
        assert 0 < len(found.channel) <= 20
        assert len(found.campaign) <= LONGEST
        assert found.campaign == clean(found.campaign)
        assert "<" not in found.campaign + found.name


def test_every_rule_leads_to_a_channel_of_a_known_kind() -> None:
    listed = sources()
    used = {*listed.names.values(), *listed.hosts.values(), *(channel for _, channel in listed.clicks)}
    assert used <= set(listed.channels)
    assert {origin.kind for origin in listed.channels.values()} | set(listed.media.values()) <= set(ChannelKind.values)
    assert all(len(code) <= 20 for code in listed.channels)


@pytest.mark.parametrize(
    ("country", "said", "gpc", "kept"),
    [
        ("DE", Consent(), False, (False, False)),
        ("DE", Consent(statistics=True, advertising=False), False, (True, False)),
        ("DE", Consent(statistics=True, advertising=True), True, (True, True)),
        ("DE", Consent(statistics=False, advertising=True), False, (False, False)),
        ("US", Consent(), False, (True, True)),
        ("US", Consent(), True, (True, False)),
        ("US", Consent(statistics=False, advertising=False), False, (False, False)),
        ("ZZ", Consent(), False, (False, False)),
    ],
)
def test_what_may_be_kept(country: str, said: Consent, gpc: bool, kept: tuple[bool, bool]) -> None:
    found = may_keep(consent_mode(country), said, refuses_by_browser=gpc)
    assert (found.statistics, found.advertising) == kept
