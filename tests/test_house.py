"""What the house promises about its own code and files."""

import ast
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from haitu.commands import ROOT, check

PACKAGE = ROOT / "src" / "haitu"
VENDOR = PACKAGE / "static" / "vendor"
LONGEST_FILE = 500
OF_DJANGO = PACKAGE / "links" / "postgresql" / "base.py"  # the name under which it looks for a database's module
FORBIDDEN_WORDS = {"utils", "helpers", "common", "manager", "service", "base"}
WRITES = {
    *("create", "acreate", "bulk_create", "get_or_create", "update_or_create", "bulk_update"),
    *("update", "delete", "save", "_raw_delete"),
}
LEDGER = PACKAGE / "models" / "ledger.py"
# Who may look at every merchant's rows at once: the clock's work, providers' notices (which name an account, not a
# merchant), operators, and the start of a demo.
MAY_SEE_EVERYONE = {
    *("actions/letters.py", "actions/pay.py", "actions/refund.py", "actions/stock.py"),
    *("actions/returns/label.py", "actions/returns/decide.py"),  # the clock: labels asked again, money arrived
    *(
        "actions/conversions/derive.py",
        "actions/conversions/send.py",
        "actions/feeds/build.py",
    ),  # the clock: reports, feeds
    "reads/late.py",  # the clock: parcels slower than their buyers were told
    *("actions/labels.py", "actions/track.py"),  # carriers' pushes name an account; the clock asks carriers
    *("admin.py", "commands/run.py", "models/scope.py"),
}
# Tables that quotes and pages rest on and that processes keep in memory by the merchant's version.
RULES = {
    *("Category", "Product", "ProductText", "Picture", "Variant", "MarketPrice", "Market", "Outlet", "PaymentAccount"),
    *("Warehouse", "StorageRate", "Tariff", "Lane", "Closure", "TaxRate", "Threshold", "DutyLine", "FxRate"),
}
NEW_MERCHANT = ("actions/demo/",)  # nothing is kept of a merchant who was not there


def modules(*, under: str = "") -> list[Path]:
    return sorted(path for path in (PACKAGE / under).rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)} imports relatively"
            yield node.module or ""


def test_core_imports_the_standard_library_and_itself() -> None:
    strangers = {
        (named(path), name)
        for path in modules(under="core")
        for name in imported(path)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith("haitu.core")
    }
    assert strangers == set()


def test_plan_never_sees_django() -> None:
    seen = {named(path) for path in modules(under="plan") for name in imported(path) if name.split(".")[0] == "django"}
    assert seen == set()


def test_every_module_says_what_it_is() -> None:
    silent = {
        named(path)
        for path in modules()
        if path.read_text().strip() and ast.get_docstring(ast.parse(path.read_text())) is None
    }
    assert {name for name in silent if not name.startswith("migrations/0")} == set()


def test_no_module_is_too_long_to_be_read_in_one_go() -> None:
    written = [path for path in modules() if path.parent.name != "migrations"]  # those are generated
    lengths = {named(path): len(path.read_text().splitlines()) for path in written}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_every_name_says_its_subject() -> None:
    ours = [path.relative_to(PACKAGE) for path in modules() if path != OF_DJANGO]
    names = {part for path in ours for part in path.with_suffix("").parts}
    assert names & FORBIDDEN_WORDS == set()


def test_only_those_named_here_look_at_everyone() -> None:
    looking = {
        named(path)
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "everyone"
    }
    assert looking <= MAY_SEE_EVERYONE


def test_whoever_changes_a_rule_raises_the_merchants_version() -> None:
    forgetful = {
        named(path)
        for path in modules(under="actions")
        if not named(path).startswith(NEW_MERCHANT)
        and writes_of(path, RULES)
        and not {"bump", "_everybody_reloads"}
        & {n.id for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Name)}
    }
    assert forgetful == set()
    assert {named(path) for path in modules(under="actions") if writes_of(path, RULES)} >= {
        *("actions/catalog.py", "actions/market.py", "actions/supply.py", "actions/picture.py", "actions/reference.py")
    }


def writes_of(path: Path, tables: set[str]) -> set[str]:
    """The tables of these, perhaps imported under another name, that a file's calls write."""
    tree = ast.parse(path.read_text())
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "haitu.models"
        for alias in node.names
        if alias.name in tables
    }
    written: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            written |= {name.id for name in ast.walk(node) if isinstance(name, ast.Name)} & names
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            written |= {name.id for name in node.args if isinstance(name, ast.Name)} & names
    return written


def test_only_record_writes_the_ledger() -> None:
    tables = {node.name for node in ast.parse(LEDGER.read_text()).body if isinstance(node, ast.ClassDef) and node.bases}
    assert tables != set()
    offences = {
        (named(path), offence)
        for path in modules()
        if not named(path).startswith(("actions/record", "migrations/"))
        for offence in ledger_writes(path, tables)
    }
    assert offences == set()


def ledger_writes(path: Path, tables: set[str]) -> Iterator[str]:
    """Calls such as `Entry.objects.create(...)` or `Entry(...).save()`, and SQL that changes a ledger table."""
    sql = re.compile(
        r"\b(insert\s+into|update|delete\s+from)\s+\W?(haitu_)(" + "|".join(table.lower() for table in tables) + r")\b",
        re.IGNORECASE,
    )
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            mentioned = {name.id for name in ast.walk(node.func) if isinstance(name, ast.Name)}
            yield from (f"{table}.{node.func.attr}" for table in mentioned & tables)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (match[0] for match in sql.finditer(node.value))


@pytest.mark.parametrize(
    "line",
    ["Entry.objects.create(a=1)", "Entry.objects.filter(a=1).delete()", "run('INSERT INTO haitu_entry VALUES (1)')"],
)
def test_a_write_to_the_ledger_would_be_noticed(tmp_path: Path, line: str) -> None:
    module = tmp_path / "module.py"
    module.write_text(line)
    assert len(list(ledger_writes(module, {"Entry"}))) == 1


def test_a_lock_names_no_address_and_every_package_has_a_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.findall(r"^\S+==\S+.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    assert "://" not in lock
    assert len(pins) > 20
    assert [pin.split()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    assert check.addresses() == ""


def test_an_address_would_be_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "ROOT", tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    (tmp_path / "some.lock").write_text("from https" + "://packages.example/simple")
    (tmp_path / "notes.md").write_text(f"see {tmp_path}/notes.md")
    subprocess.run(["git", "-C", tmp_path, "add", "."], check=True)
    assert check.addresses() == "notes.md: the path of this checkout\nsome.lock: an address in a lock file"


def test_vendored_files_are_the_ones_we_name() -> None:
    named_files = {
        file: digest
        for package in json.loads((VENDOR / "vendor.json").read_text())
        for file, digest in package["sha256"].items()
    }
    found = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "vendor.json"
    }
    assert found == named_files


def test_every_vendored_package_brings_its_licence() -> None:
    folders = {path.name for path in VENDOR.iterdir() if path.is_dir()}
    assert folders == {path.parent.name for path in VENDOR.glob("*/LICENSE")}


def pages_of_prose() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def dead_links(page: Path, *, root: Path = ROOT) -> Iterator[str]:
    """Relative links of a Markdown page, and headings it points to, that are not there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, heading = target.partition("#")
        if "://" in target:
            continue
        aim = (page.parent / file).resolve() if file else page
        if not aim.exists() or not aim.is_relative_to(root) or (heading and heading not in headings(aim)):
            yield target


def headings(page: Path) -> set[str]:
    """The anchors of a page: lower case, words joined by hyphens, no punctuation."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_of_our_pages_leads_somewhere() -> None:
    dead = {page.relative_to(ROOT).as_posix(): list(dead_links(page)) for page in pages_of_prose()}
    assert {page: links for page, links in dead.items() if links} == {}
    assert {"README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/ledger.md"} <= set(dead)


def test_a_dead_link_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# One promise, kept\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](there.md) [b](there.md#one-promise-kept) [c](gone.md) [d](there.md#two) ![e](https://example.org)"
    )
    assert list(dead_links(page, root=tmp_path)) == ["gone.md", "there.md#two"]
