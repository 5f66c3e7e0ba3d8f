"""The environment becomes settings: safe when nothing is said, refused when what is said makes no sense."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured

from haitu import settings

TOLD = """
import json, sys
from haitu import settings
print(json.dumps({name: getattr(settings, name) for name in sys.argv[1:]}, default=str))
"""


def started_with(folder: Path, names: list[str], **environment: str) -> dict[str, object]:
    """The named settings of a fresh process in which only these variables are set."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HAITU_")}
    given = {f"HAITU_{name}": value for name, value in environment.items()}
    told = subprocess.run(
        [sys.executable, "-c", TOLD, *names],
        check=True,
        env=inherited | {"HAITU_VAR": str(folder)} | given,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    settings_told: dict[str, object] = json.loads(told)
    return settings_told


def test_with_nothing_said_only_this_machine_is_served(tmp_path: Path) -> None:
    names = ["DEBUG", "ALLOWED_HOSTS", "HTTPS", "SESSION_COOKIE_SECURE", "EMAIL_FILE_PATH"]
    assert started_with(tmp_path, names) == {
        "DEBUG": False,
        "ALLOWED_HOSTS": ["localhost", ".localhost", "127.0.0.1", "[::1]"],
        "HTTPS": False,
        "SESSION_COOKIE_SECURE": False,
        "EMAIL_FILE_PATH": str(tmp_path / "mail"),
    }


def test_other_hosts_are_served_by_https_alone(tmp_path: Path) -> None:
    names = [
        "ALLOWED_HOSTS",
        "SECURE_SSL_REDIRECT",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
        "SECURE_HSTS_SECONDS",
    ]
    assert started_with(tmp_path, names, HOSTS="shop.example, tea.example") == {
        "ALLOWED_HOSTS": ["shop.example", "tea.example"],
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
    }


def test_the_secret_key_is_made_once_and_is_ours_alone(tmp_path: Path) -> None:
    first = started_with(tmp_path, ["SECRET_KEY"])
    assert started_with(tmp_path, ["SECRET_KEY"]) == first
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("secret")) == ["secret"]
    assert started_with(tmp_path, ["SECRET_KEY"], SECRET_KEY="given") == {"SECRET_KEY": "given"}


def test_two_first_starts_at_once_agree_on_the_secret_key(tmp_path: Path) -> None:
    code = "from haitu import settings; print(settings.SECRET_KEY)"
    environment = os.environ | {"HAITU_VAR": str(tmp_path), "HAITU_SECRET_KEY": ""}
    starts = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert len({start.communicate(timeout=60)[0] for start in starts}) == 1


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://ann:s%40fe@db.example:5433/trade", ("trade", "ann", "s@fe", "db.example", "5433")),
        ("postgresql:///trade?host=/run/pg&user=postgres", ("trade", "postgres", "", "/run/pg", "")),
    ],
)
def test_a_postgresql_address_is_read_in_both_forms(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HAITU_DATABASE", url)
    database = settings._database("")
    assert tuple(database[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")) == expected
    assert database["OPTIONS"] == options_of("postgresql:///trade")  # nothing of the address is left over


def test_what_else_a_postgresql_address_says_reaches_the_driver() -> None:
    plain = options_of("postgresql:///trade")
    assert options_of("postgresql://db.example/trade?sslmode=require") == {**plain, "sslmode": "require"}


def options_of(address: str) -> dict[str, object]:
    options = settings._postgresql(urlsplit(address))["OPTIONS"]
    assert isinstance(options, dict)
    return options


def test_a_sqlite_address_is_absolute_or_beside_the_source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HAITU_DATABASE", f"sqlite:///{tmp_path}/shop.sqlite3")
    assert settings._database("")["NAME"] == tmp_path / "shop.sqlite3"
    monkeypatch.setenv("HAITU_DATABASE", "sqlite:///tests/shop.sqlite3")
    assert settings._database("")["NAME"] == settings.ROOT / "tests" / "shop.sqlite3"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("HAITU_DATABASE", "mysql://x", "HAITU_DATABASE starts with 'mysql'; it must be sqlite or postgresql."),
        ("HAITU_DURABLE", "maybe", "HAITU_DURABLE is 'maybe'; it must be yes or no."),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv("HAITU_DATABASE", "sqlite:///tests/shop.sqlite3")
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured) as refusal:
        settings._database("")
    assert str(refusal.value) == told
