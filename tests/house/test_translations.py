"""Chinese is complete: every sentence of every room, none guessed, each catalog true to its source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crm.core import catalogs

OWNERS = catalogs.owners()


@pytest.mark.parametrize("owner", OWNERS, ids=lambda owner: owner.name)
def test_a_catalog_is_complete_and_true_to_its_source(owner: catalogs.Owner) -> None:
    assert list(catalogs.faults(owner)) == []


def test_a_sentence_is_translated_alike_in_all_rooms() -> None:
    """The rooms' catalogs are merged when the app runs, so two translations would be a matter of chance."""
    seen: dict[tuple[object, str | None], tuple[object, str]] = {}
    differ = []
    for owner in OWNERS:
        for message in owner.read():
            if message.id:
                string, name = seen.setdefault((message.id, message.context), (message.string, owner.name))
                if string != message.string:
                    differ.append(f"{message.id!r}: {string!r} in {name}, {message.string!r} in {owner.name}")
    assert differ == []


def room(root: Path, source: str) -> catalogs.Owner:
    for package in catalogs.PACKAGES:
        (root / package).mkdir()
    folder = root / "crm" / "tea"
    folder.mkdir()
    (folder / "__init__.py").write_text("", "utf-8")
    (folder / "views.py").write_text(source, "utf-8")
    return next(owner for owner in catalogs.owners(root) if owner.name == "crm/tea")


def translate(owner: catalogs.Owner, old: str, new: str) -> None:
    text = owner.path.read_text("utf-8")
    assert old in text
    owner.path.write_text(text.replace(old, new), "utf-8")


def test_a_missing_an_empty_and_a_misfitting_translation_are_told(tmp_path: Path) -> None:
    owner = room(tmp_path, "_('%(n)s cups')\n")
    assert "not in the catalog" in next(catalogs.faults(owner))
    catalogs.update([owner], [owner])
    assert "no translation" in next(catalogs.faults(owner))
    translate(owner, 'msgstr ""\n', 'msgstr "%(m)s 杯"\n')
    translate(owner, 'msgid ""\nmsgstr "%(m)s 杯"', 'msgid ""\nmsgstr ""')
    assert "does not fit" in next(catalogs.faults(owner))
    translate(owner, "%(m)s", "%(n)s")
    assert list(catalogs.faults(owner)) == []


def test_an_update_keeps_translations_and_drops_what_is_gone(tmp_path: Path) -> None:
    owner = room(tmp_path, "_('green')\n_('black')\n")
    catalogs.update([owner], [owner])
    translate(owner, 'msgid "green"\nmsgstr ""', 'msgid "green"\nmsgstr "绿茶"')
    (owner.folder / "views.py").write_text("_('green')\n", "utf-8")
    assert catalogs.update([owner], [owner]) == [owner.path]
    assert list(catalogs.faults(owner)) == []
    assert catalogs.update([owner], [owner]) == []


def test_a_catalog_is_compiled_when_its_source_is_newer(tmp_path: Path) -> None:
    owner = room(tmp_path, "_('green')\n")
    catalogs.update([owner], [owner])
    compiled = owner.path.with_suffix(".mo")
    assert catalogs.compile_stale(tmp_path) == [compiled]
    assert catalogs.compile_stale(tmp_path) == []


HALF_WIDTH = re.compile(r"[\u4e00-\u9fff\u3000-\u303f]\s?[,:;!?(]|[,:;!?)]\s?[\u4e00-\u9fff]")
SYNTAX = re.compile(r"%\(\w+\)[sd]|\{\{.*?\}\}|\S+:值")


def test_chinese_is_set_with_full_width_punctuation() -> None:
    found = [
        f"{owner.name}: {string}"
        for owner in OWNERS
        for message in owner.read()
        for string in ([message.string] if isinstance(message.string, str) else message.string or ())
        if message.id and HALF_WIDTH.search(SYNTAX.sub("x", string))
    ]
    assert found == []
