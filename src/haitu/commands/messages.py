"""`./haitu messages`: the translations' catalogues, by Babel alone; no gettext program is needed.

`update` gathers every marked sentence into each language's django.po; a person translates; `compile` writes
the .mo that is committed beside it, so that running a shop compiles nothing.
"""

import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from haitu.commands import ROOT

PACKAGE = ROOT / "src" / "haitu"
LOCALE = PACKAGE / "locale"
COMPLETE = ("zh_Hans",)  # languages in which nothing may be missing: the desk's second one
METHODS = [("static/**", "ignore"), ("templates/**", "jinja2"), ("**.py", "python")]
OPTIONS = {"templates/**": {"trimmed": "true", "silent": "false"}}
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
COMMENT_TAGS = ("Translators:",)


def main(arguments: list[str]) -> int:
    """`update [LANGUAGE ...]` or `compile`."""
    if arguments[:1] == ["update"]:
        update(arguments[1:])
    elif arguments == ["compile"]:
        for path in catalogues():
            path.with_suffix(".mo").write_bytes(compiled(read(path)))
    else:
        print("haitu messages update [LANGUAGE ...] | compile", file=sys.stderr)
        return 2
    return 0


def catalogues() -> list[Path]:
    return sorted(LOCALE.glob("*/LC_MESSAGES/django.po"))


def template() -> Catalog:
    """Every sentence marked for translation in the source, with the files that hold it."""
    found = Catalog(project="Haitu", charset="utf-8")
    extracted = extract_from_dir(
        PACKAGE, method_map=METHODS, options_map=OPTIONS, keywords=KEYWORDS, comment_tags=COMMENT_TAGS
    )
    for file, _, message, comments, context in extracted:
        found.add(message, None, [(file, 0)], auto_comments=comments, context=context)
    return found


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parent.parent.name, domain="django")


def compiled(catalogue: Catalog) -> bytes:
    binary = BytesIO()
    write_mo(binary, catalogue)
    return binary.getvalue()


def update(languages: list[str]) -> None:
    """Brings every catalogue up to the source, creating the named ones; prints what is left to do."""
    wanted = template()
    paths = {path.parent.parent.name: path for path in catalogues()}
    for language in languages:
        paths.setdefault(language, LOCALE / language / "LC_MESSAGES" / "django.po")
    for language, path in sorted(paths.items()):
        catalogue = read(path) if path.exists() else Catalog(locale=language, domain="django", project="Haitu")
        catalogue.update(wanted, no_fuzzy_matching=True, update_creation_date=False)
        catalogue.obsolete.clear()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_po(file, catalogue, width=110, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
        print(f"{language:<8} {len(catalogue)} sentences, {len(untranslated(catalogue))} to translate")


def untranslated(catalogue: Catalog) -> list[str]:
    """The sentences without a usable translation: empty in any plural form, or only guessed."""
    return [_shown(message.id) for message in catalogue if message.id and not _is_done(message)]


def problems() -> list[str]:
    """What keeps the committed catalogues from being complete and current, in words."""
    wanted = template()
    found = [f"{language} has no catalogue" for language in COMPLETE if not (LOCALE / language).exists()]
    for path in catalogues():
        language, catalogue = path.parent.parent.name, read(path)
        missing = [_shown(message.id) for message in wanted if message.id and not _holds(catalogue, message)]
        found += [f"{language}: not in the catalogue (./haitu messages update): {told!r}" for told in missing]
        if language in COMPLETE:
            found += [f"{language}: not translated: {told!r}" for told in untranslated(catalogue)]
        binary = path.with_suffix(".mo")
        if not binary.exists() or binary.read_bytes() != compiled(catalogue):
            found.append(f"{language}: the .mo differs from the .po (./haitu messages compile)")
    return found


def _shown(sentence: str | list[str] | tuple[str, ...]) -> str:
    return sentence if isinstance(sentence, str) else sentence[0]


def _is_done(message: Message) -> bool:
    forms = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    return all(forms) and not message.fuzzy


def _holds(catalogue: Catalog, message: Message) -> bool:
    return catalogue.get(message.id, message.context) is not None
