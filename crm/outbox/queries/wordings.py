"""The texts of letters: which placeholders they may use, how they are filled, which wording a person gets."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from flask_babel import gettext as _
from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError
from sqlalchemy import select

from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.outbox.models import Wording
from crm.outbox.rules import PLACEHOLDERS


class _Letters(Environment):
    """Limits that python-liquid leaves off: no text can eat the worker."""

    loop_iteration_limit = 1_000
    local_namespace_limit = 20_000
    output_stream_limit = 200_000
    context_depth_limit = 10


_environment = _Letters()


@lru_cache(maxsize=1024)
def _compiled(text: str) -> BoundTemplate:
    return _environment.from_string(text)


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with its placeholders filled; one without a value is left empty. Raises NotUnderstood."""
    if "{" not in text:
        return text
    try:
        return _compiled(text).render(**values)
    except LiquidError as error:
        raise NotUnderstood(_("This text cannot be read: %(fault)s", fault=str(error))) from error


def check_text(text: str) -> None:
    """Raises NotUnderstood for a text that does not parse, or whose placeholder no letter fills."""
    try:
        names = _compiled(text).analyze().globals
    except LiquidError as error:
        raise NotUnderstood(_("This text cannot be read: %(fault)s", fault=str(error))) from error
    unknown = sorted(str(name) for name in names if str(name) not in PLACEHOLDERS)
    if unknown:
        known = ", ".join(f"{{{{ {name} }}}}" for name in PLACEHOLDERS)
        raise NotUnderstood(
            _("There is no placeholder %(unknown)s. Use one of: %(known)s", unknown=unknown[0], known=known)
        )


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
