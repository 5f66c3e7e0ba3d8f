"""Fixtures that belong to no domain: cheap passwords, and a real Chromium."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.append_only import flush_past_the_triggers  # noqa: F401 - a fixture
from tests.world import World, build

CHROMIUM = os.environ.get("HAITU_CHROMIUM", "/usr/bin/chromium")
INSTALL_LINE = "sudo apt-get install -y chromium fonts-noto-core fonts-noto-cjk"
QUIET_AND_OFFLINE = [
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

OpenPage = Callable[..., Page]


def pytest_configure() -> None:
    # A law holds or it does not, however busy the machine is.
    hypothesis.settings.register_profile(
        "haitu", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("haitu")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Without collectstatic there is no manifest of hashed names.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    if not shutil.which(CHROMIUM):
        pytest.fail(f"{CHROMIUM} is missing. Please run: {INSTALL_LINE}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET_AND_OFFLINE)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens a page in a fresh context (own cookies); takes the context's options, such as viewport or locale.

    A script error or a breach of the content security policy on any of the pages fails the test.
    """
    contexts, complaints = [], list[str]()

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "Content Security Policy" in message.text:
            complaints.append(message.text)

    def open_one(**options: Any) -> Page:
        context = browser.new_context(**{"locale": "en-US", "viewport": {"width": 1280, "height": 900}} | options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", hear)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A desktop page in English."""
    return open_page()


@pytest.fixture
def world(db: None) -> World:
    """The small named world of tests/world.py, in the test's database."""
    return build()
