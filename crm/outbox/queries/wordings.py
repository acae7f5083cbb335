"""The texts of letters: which placeholders they may use, how they are filled, which wording a person gets."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.outbox.models import Wording
from crm.outbox.queries.templates import FILTERS, PLAIN, TAGS, compiled, parsed
from crm.outbox.rules import ALWAYS_FILLED, PLACEHOLDERS

TAG = re.compile(r"\{%-?\s*(end)?([a-z]+)")
SINGLE = re.compile(rf"(?<![{{%]){{\s*({'|'.join(PLACEHOLDERS)})\s*}}(?!}})")
TEXT_LINK = re.compile(r"(?<!!)\[([^\]\[\n]+)\]\(\s*<?(\{\{[^{}]*\}\}|[^\s()<>]+)>?\s*\)")
TEXT_STRONG = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*")


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with its placeholders filled; one without a value is left empty. Raises NotUnderstood."""
    return compiled(text).fill(values) if "{" in text else text


@lru_cache(maxsize=1024)
def plain(body: str) -> str:
    """A wording for those who read text: a link with words is written out, and strong words stand bare."""
    written = TEXT_LINK.sub(lambda link: link[2] if link[1] == link[2] else f"{link[1]}: {link[2]}", body)
    return TEXT_STRONG.sub(r"\1", written)


def unknown_placeholders(text: str) -> list[str]:
    """Raises NotUnderstood for a text that does not parse."""
    return sorted({str(name) for name in parsed(text).analyze().globals} - set(PLACEHOLDERS))


def check_text(text: str, *, without: Collection[str] = ()) -> None:
    """Raises NotUnderstood for a text that does not parse, or whose placeholder no letter fills; `without`: those that
    letters of this kind do not fill.
    """
    if "{" not in text:
        return
    found = parsed(text).analyze()
    tags = {*found.tags, *(tag[2] for tag in TAG.finditer(text) if tag[2] == "raw")}
    strange = sorted(tags - set(TAGS)) + sorted({*found.filters} - set(FILTERS))
    if strange:
        known = ", ".join((*TAGS, *FILTERS))
        raise NotUnderstood(
            _("A letter's text cannot hold %(strange)s. Use one of: %(known)s", strange=strange[0], known=known)
        )
    if bare := SINGLE.search(text):
        raise NotUnderstood(_("Write {{ %(name)s }} with two braces on each side.", name=bare[1]))
    allowed = [name for name in PLACEHOLDERS if name not in without]
    unknown = sorted({str(name) for name in found.globals} - set(allowed))
    if unknown:
        known = ", ".join(f"{{{{ {name} }}}}" for name in allowed)
        raise NotUnderstood(
            _("There is no placeholder %(unknown)s. Use one of: %(known)s", unknown=unknown[0], known=known)
        )


@lru_cache(maxsize=1024)
def needed(text: str) -> frozenset[str]:
    """Placeholders without which this text would have a hole: no fallback, and no choice around them."""
    names: set[str] = set()
    depth = last = 0
    for tag in [*TAG.finditer(text), None]:
        if depth == 0:
            found = PLAIN.finditer(text, last, tag.start() if tag else len(text))
            names |= {place[1] for place in found if place[2] is None}
        if tag is not None:
            last = tag.end()
            depth += (tag[1] is None) * (tag[2] in TAGS) - (tag[1] is not None) * (tag[2] in TAGS)
    return frozenset(names - ALWAYS_FILLED)


def missing(texts: tuple[str, str], values: Mapping[str, Any]) -> list[str]:
    """What a letter still needs before it can leave. `texts`: subject and body."""
    return sorted(name for name in needed(texts[0]) | needed(texts[1]) if values.get(name) in (None, ""))


def literal(text: str) -> str:
    """Text that stands in a wording as it is: its braces open no placeholder."""
    return text.replace("{{", "{\u200b{").replace("{%", "{\u200b%")


def wordings_of(key: str) -> dict[str, int]:
    """The newest wording of an occasion in each of its languages."""
    rows = session().execute(select(Wording.language, Wording.id).where(Wording.key == key).order_by(Wording.version))
    return {row[0]: row[1] for row in rows}


def in_language(by_language: Mapping[str, int], wanted: str | None, programme_languages: list[str]) -> int:
    """The person's language, else the programme's first that there is, else any. `by_language` must not be empty."""
    for language in (wanted, (wanted or "").partition("-")[0], *programme_languages):
        if language and language in by_language:
            return by_language[language]
    return next(iter(by_language.values()))
