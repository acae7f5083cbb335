"""The translation catalogs: one per room, found in the source, kept complete, compiled when stale.

`python -m crm.core.catalogs` (what `python3 dev.py messages` calls) brings every catalog up to its source;
arguments such as `crm/people` limit it to these folders. `... compile` only compiles, `... check` only tells.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("crm", "campaigns")
LANGUAGE = "zh"
LAZY = {"lazy_gettext": None, "_l": None, "lazy_ngettext": (1, 2), "lazy_pgettext": ((1, "c"), 2)}
KEYWORDS = {**DEFAULT_KEYWORDS, **LAZY}
TEMPLATES = {"trimmed": "true", "newstyle_gettext": "true", "silent": "false", "extensions": "jinja2.ext.do"}
Words = str | tuple[str, ...] | list[str] | None
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")
# Lines of the header that change although no translation did.
RESTLESS = (
    "POT-Creation-Date",
    "PO-Revision-Date",
    "Generated-By",
    "Last-Translator",
    "Language-Team",
    "Report-Msgid-Bugs-To",
)


@dataclass(frozen=True)
class Owner:
    """A folder that owns its messages: a room, or crm itself with its own files and shared templates."""

    name: str
    folder: Path
    sources: tuple[Path, ...]

    @property
    def path(self) -> Path:
        return self.folder / "translations" / LANGUAGE / "LC_MESSAGES" / "messages.po"

    def extract(self) -> Catalog:
        """What the source says now, without translations."""
        found = Catalog(locale=LANGUAGE, project="Seedbed", version="1")
        for source in self.sources:
            method = "python" if source.suffix == ".py" else "jinja2"
            options = {} if source.suffix == ".py" else TEMPLATES
            for _line, text, _comments, context in extract_from_file(method, source, KEYWORDS, options=options):
                found.add(text, context=context)
        return found

    def read(self) -> Catalog:
        if not self.path.exists():
            return Catalog(locale=LANGUAGE)
        with self.path.open("rb") as file:
            return read_po(file, locale=LANGUAGE, abort_invalid=True)


def _sources(folder: Path, *, deep: bool) -> tuple[Path, ...]:
    if not deep:
        pages = (folder / "templates").rglob("*")
        files = [*folder.glob("*.py"), *pages]
    else:
        files = list(folder.rglob("*"))
    wanted = (path for path in files if path.suffix == ".py" or "templates" in path.relative_to(folder).parts)
    return tuple(sorted(path for path in wanted if path.suffix in {".py", ".html", ".txt", ".xml", ".svg"}))


def owners(root: Path = ROOT) -> list[Owner]:
    """Every folder that owns a catalog, crm and campaigns first, then their rooms by name."""
    found = []
    for package in PACKAGES:
        top = root / package
        found.append(Owner(package, top, _sources(top, deep=False)))
        found += [
            Owner(f"{package}/{room.name}", room, _sources(room, deep=True))
            for room in sorted(top.iterdir())
            if (room / "__init__.py").exists()
        ]
    return found


# ---------------------------------------------------------------- keeping complete


def _known(catalogs: Sequence[Catalog]) -> dict[tuple[Words, str | None], Words]:
    """Translations that exist anywhere: a sentence is translated once for all rooms."""
    return {
        (message.id, message.context): message.string
        for catalog in catalogs
        for message in catalog
        if message.id and _is_whole(message)
    }


def _is_whole(message: Message) -> bool:
    parts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return all(parts) and not message.fuzzy


def update(chosen: Sequence[Owner], everyone: Sequence[Owner]) -> list[Path]:
    """Adds what is new, drops what is gone, keeps translations. Returns the catalogs that changed."""
    known = _known([owner.read() for owner in everyone])
    changed = []
    for owner in chosen:
        merged = owner.extract()
        own = _known([owner.read()])
        for message in merged:
            if message.id:
                key = (message.id, message.context)
                string = own.get(key, known.get(key))
                if string is not None:
                    message.string = string
        if (len(merged) or owner.path.exists()) and _write(owner.path, _text(merged)):
            changed.append(owner.path)
    return changed


def _text(catalog: Catalog) -> bytes:
    """The catalog as a file that changes only where a message does: sorted, without places and dates."""
    catalog.header_comment = ""
    catalog.fuzzy = False
    out = io.BytesIO()
    write_po(out, catalog, width=110, no_location=True, sort_output=True, ignore_obsolete=True)
    lines = out.getvalue().decode("utf-8").lstrip("#\n").splitlines(keepends=True)
    restless = tuple(f'"{name}:' for name in RESTLESS)
    return "".join(line for line in lines if not line.startswith(restless)).encode("utf-8")


def _write(path: Path, content: bytes) -> bool:
    """Replaces a file whole, so that nobody reads half of it. Whether it changed."""
    if path.exists() and path.read_bytes() == content:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).chmod(0o644)
    Path(name).replace(path)
    return True


def faults(owner: Owner) -> Iterator[str]:
    """What keeps a catalog from being complete and true to its source, one sentence each."""
    source = {(message.id, message.context): message for message in owner.extract() if message.id}
    kept = {(message.id, message.context): message for message in owner.read() if message.id}
    for key in source.keys() - kept.keys():
        yield f"{owner.name}: {key[0]!r} is not in the catalog; run python3 dev.py messages {owner.name}"
    for key in kept.keys() - source.keys():
        yield f"{owner.name}: {key[0]!r} is no longer in the source; run python3 dev.py messages {owner.name}"
    for key in kept.keys() & source.keys():
        if not _is_whole(kept[key]):
            yield f"{owner.name}: {key[0]!r} has no translation, or a fuzzy one"
        elif lost := _lost_placeholders(kept[key]):
            yield f"{owner.name}: the translation of {key[0]!r} does not fit its placeholders {lost}"


def _lost_placeholders(message: Message) -> list[str]:
    """Placeholders only one side has. A plural's `num` may be left out: Chinese often needs none."""
    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
    strings = message.string if isinstance(message.string, tuple | list) else (message.string,)
    wanted = set(PLACEHOLDER.findall(" ".join(ids)))
    given = set(PLACEHOLDER.findall(" ".join(map(str, strings))))
    return sorted((wanted ^ given) - ({"num"} & wanted if len(ids) > 1 else set()))


# ---------------------------------------------------------------- compiling


def compile_stale(root: Path = ROOT) -> list[Path]:
    """Compiles each catalog that is newer than its compiled form; safe while others do the same."""
    compiled = []
    for package in PACKAGES:
        for pattern in ("translations/*/LC_MESSAGES/*.po", "*/translations/*/LC_MESSAGES/*.po"):
            for source in sorted((root / package).glob(pattern)):
                target = source.with_suffix(".mo")
                if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
                    continue
                with source.open("rb") as file:
                    catalog = read_po(file, locale=source.parents[1].name, abort_invalid=True)
                out = io.BytesIO()
                write_mo(out, catalog)
                if not _write(target, out.getvalue()):
                    os.utime(target)
                compiled.append(target)
    return compiled


# ---------------------------------------------------------------- the command


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="dev.py messages", description="Translation catalogs.")
    parser.add_argument("what", nargs="*", help="compile, check, or folders such as crm/people; all without")
    what = [word.rstrip("/") for word in parser.parse_args(words).what]
    if what == ["compile"]:
        compile_stale()
        return 0
    everyone = owners()
    names = [word for word in what if word != "check"]
    if unknown := set(names) - {owner.name for owner in everyone}:
        parser.error(f"no such folder with messages: {', '.join(sorted(unknown))}")
    chosen = [owner for owner in everyone if not names or owner.name in names]
    if "check" not in what:
        for path in update(chosen, everyone):
            sys.stdout.write(f"{path.relative_to(ROOT)}\n")
        compile_stale()
    wrong = [fault for owner in chosen for fault in faults(owner)]
    sys.stdout.writelines(f"{fault}\n" for fault in wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
