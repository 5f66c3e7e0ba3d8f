"""`./haitu test` never leaves a test out silently."""

from dataclasses import replace

import pytest

from haitu.commands import test as command

CHROMIUM = command.LeftOut(what="Chromium", count=3, line="sudo apt-get install -y chromium")


@pytest.mark.parametrize(
    ("statuses", "status"),
    [([0, 0], 0), ([0, 1], 1), ([1, 0], 1), ([0, 5], 0), ([5, 0], 0), ([5, 5], 5), ([], 5), ([2, 0], 2)],
)
def test_both_passes_must_pass(statuses: list[int], status: int) -> None:
    assert command._verdict(statuses, []) == status


def test_a_test_left_out_is_told_with_the_line_to_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CI", raising=False)
    assert command._verdict([0, 0], [CHROMIUM]) == 0
    told = "haitu test: 3 tests were left out for want of Chromium. To run them: sudo apt-get install -y chromium\n"
    assert capsys.readouterr().out == told


def test_counting_tells_what_would_run_and_admits_when_it_cannot_know() -> None:
    here = "tests/commands/test_test.py::test_both_passes_must_pass"
    assert command._count(["-q", "-q", here]) == 8
    assert command._count(["--db", "postgres", here]) == 0
    assert command._count(["tests/nowhere.py"]) is None


@pytest.mark.parametrize(("count", "status"), [(3, 1), (None, 1), (0, 0)])
def test_in_ci_a_test_left_out_is_a_failure(monkeypatch: pytest.MonkeyPatch, count: int | None, status: int) -> None:
    monkeypatch.setenv("CI", "true")
    assert command._verdict([0, 0], [replace(CHROMIUM, count=count)]) == status


@pytest.mark.parametrize(
    ("arguments", "databases"),
    [
        ([], ["sqlite", "postgres"]),
        (["tests/core", "-x"], ["sqlite", "postgres"]),
        (["--db", "sqlite"], ["sqlite"]),
        (["-x", "--db=postgres"], ["postgres"]),
    ],
)
def test_one_database_can_be_named(arguments: list[str], databases: list[str]) -> None:
    assert command._databases(arguments) == databases
