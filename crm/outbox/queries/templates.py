"""The sandbox that wordings are filled in: placeholders with a fallback, and choices between them. Nothing repeats.

A wording that only names placeholders, as nearly all do, is cut into pieces once and joined for each letter; one with
choices goes through python-liquid, which gives the same for both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any, Protocol
from urllib.parse import quote

from flask_babel import gettext as _
from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError
from markupsafe import Markup

from crm.core.errors import NotUnderstood

FILTERS = ("default", "upcase", "downcase", "capitalize", "strip", "truncate")
TAGS = ("if", "unless", "case", "comment")
INTERNAL = ("content", "output", "illegal")
PLAIN = re.compile(r"""\{\{\s*([a-z_]+)\s*(?:\|\s*default:\s*("[^"{}]*"|'[^'{}]*')\s*)?\}\}""")
MARKS = re.compile(r"[&<>\"'\n]")
SAFE_LINK = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)

Turn = Callable[[str], str]


def as_is(value: str) -> str:
    return value


def as_text(value: str) -> str:
    """A value between tags: a name `<script>` stays text."""
    if not MARKS.search(value):
        return value
    return escape(value).replace("\r\n", "\n").replace("\n", "<br>\n")


def as_link(value: str) -> str:
    """A value that is a whole link: nothing but web and mail addresses."""
    return escape(value.strip()) if SAFE_LINK.match(value.strip()) else "#"


def as_part(value: str) -> str:
    """A value within a link."""
    return quote(value, safe="")


class _Letters(Environment):
    """Limits that python-liquid leaves off, and nothing that could multiply text: no loop, no replacing, no joining."""

    loop_iteration_limit = 1_000
    local_namespace_limit = 20_000
    output_stream_limit = 200_000
    context_depth_limit = 10

    def __init__(self, *, autoescape: bool = False) -> None:
        super().__init__(autoescape=autoescape, strict_filters=True)
        self.filters = {name: turn for name, turn in self.filters.items() if name in FILTERS}
        self.tags = {name: tag for name, tag in self.tags.items() if name in (*TAGS, *INTERNAL)}
        for turn in (as_text, as_link, as_part) if autoescape else ():
            self.add_filter(turn.__name__, _marked(turn))


def _marked(turn: Turn) -> Callable[[Any], Markup]:
    return lambda value: Markup(turn("" if value is None else str(value)))  # noqa: S704 -- each turn escapes


_plain, _html = _Letters(), _Letters(autoescape=True)


class Template(Protocol):
    def fill(self, values: Mapping[str, Any]) -> str:
        """Raises NotUnderstood when a limit stops it."""


@dataclass(frozen=True, slots=True)
class _Pieces:
    """`rest`: a placeholder, what stands for it when it has no value, how it is turned, and the text after it."""

    head: str
    rest: tuple[tuple[str, str, Turn, str], ...]

    def fill(self, values: Mapping[str, Any]) -> str:
        told = [self.head]
        for name, fallback, turn, after in self.rest:
            value = values.get(name)
            told.append(turn(fallback if value is None or value == "" or value is False else str(value)))
            told.append(after)
        return "".join(told)


@dataclass(frozen=True, slots=True)
class _Choices:
    template: BoundTemplate

    def fill(self, values: Mapping[str, Any]) -> str:
        try:
            return str(self.template.render(**values))
        except LiquidError as error:
            raise _unreadable(error) from error


def _unreadable(error: LiquidError) -> NotUnderstood:
    return NotUnderstood(_("This text cannot be read: %(fault)s", fault=str(error)))


def parsed(text: str) -> BoundTemplate:
    """Raises NotUnderstood for what the sandbox does not know."""
    try:
        return _plain.from_string(text)
    except LiquidError as error:
        raise _unreadable(error) from error


def is_simple(text: str) -> bool:
    """Whether it only names placeholders."""
    rest = PLAIN.sub("", text)
    return "{{" not in rest and "{%" not in rest


def _pieces(parts: list[str], turns: list[Turn]) -> _Pieces:
    """From text and placeholders in turn, as splitting at PLAIN gives them: text, name, fallback, text ..."""
    places = zip(parts[1::3], parts[2::3], turns, parts[3::3], strict=True)
    return _Pieces(parts[0], tuple((name, (other or "")[1:-1], turn, after) for name, other, turn, after in places))


@lru_cache(maxsize=1024)
def compiled(text: str) -> Template:
    """For plain text. Raises NotUnderstood."""
    if is_simple(text):
        parts = PLAIN.split(text)
        return _pieces(parts, [as_is] * (len(parts) // 3))
    return _Choices(parsed(text))


def _place(before: str) -> Turn:
    if before.endswith('href="'):
        return as_link
    return as_part if before.rfind("<") > before.rfind(">") else as_text


def compiled_html(html: str, outputs: Mapping[str, str]) -> Template:
    """For HTML in which marks stand for the Liquid of `outputs`: each value is escaped as its place asks for."""
    if not outputs:
        return _Pieces(html, ())
    mark = re.compile("|".join(re.escape(one) for one in sorted(outputs, key=len, reverse=True)))
    turns = {found.start(): _place(html[: found.start()]) for found in mark.finditer(html)}
    if all(PLAIN.fullmatch(output) for output in outputs.values()):
        parts = PLAIN.split(mark.sub(lambda found: outputs[found[0]], html))
        return _pieces(parts, list(turns.values()))
    liquid = mark.sub(lambda found: _turned(outputs[found[0]], turns[found.start()]), html)
    try:
        return _Choices(_html.from_string(liquid))
    except LiquidError as error:
        raise _unreadable(error) from error


def _turned(output: str, turn: Turn) -> str:
    if not output.startswith("{{"):
        return output
    inner = output[2:-2].strip().strip("-")
    return f"{{{{ {inner} | {turn.__name__} }}}}"
