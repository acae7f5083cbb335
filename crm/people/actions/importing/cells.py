"""From cells to what they say of a person, or the reason why they say nothing. The hottest loop of an import."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from crm.core.errors import NotUnderstood
from crm.people.actions.importing.rows import Row
from crm.people.actions.importing.working_copy import LINE_SEPARATOR
from crm.people.identities import CONTROL, Tidy, parse, tidy_of
from crm.people.rules import FIELDS, LONGEST_NAME, Reason, SiteRole

CALL = r"[A-Za-z_.][\w.]*\s*[(|!]"
CELL = r"\$?[A-Za-z]{1,3}\$?[0-9]+(?!\w)"
FORMULA = re.compile(
    rf"=[\s=+\-@]*(?:{CALL}|{CELL}|[0-9.]+|[\"'({{])"
    rf"|[+\-@][\s+\-@]*(?:{CALL}|{CELL}\s*[-+*/^&:]|[0-9.]+\s*[+*/^&]|[0-9][0-9.]*-[0-9.]+\Z)"
).match
FORMULA_STARTS = frozenset("=+-@")
MOMENT = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?(?:[ T]\s*(\d{1,2}):(\d{2})(?::(\d{2}))?)?"
).fullmatch
LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_][a-z]{2,4})*").fullmatch
LANGUAGE_WORDS = {"chinese": "zh", "中文": "zh", "汉语": "zh", "cn": "zh", "english": "en", "英文": "en", "英语": "en"}
TAG_BREAKS = re.compile(r"[,;|、,;]")
MODERATORS = re.compile(r"mod|admin|版主|管理|站长", re.IGNORECASE).search
EXPERTS = re.compile(r"expert|专家|达人|高手|元老|资深", re.IGNORECASE).search


class Said(NamedTuple):
    """What one row says. `pairs` are normalised identities, at least one."""

    line: int
    name: str
    pairs: list[tuple[str, str]]
    found_at: datetime | None
    board: str
    role: SiteRole | None
    language: str | None
    tags: tuple[str, ...]
    note: str


class Refused(NamedTuple):
    line: int
    reason: Reason
    cells: list[str]
    detail: str = ""


def is_formula(cell: str) -> bool:
    """A cell that a spreadsheet would compute. `+86 138...`, `@nick`, `-小米-` and a lone `=` are none."""
    return cell[0] in FORMULA_STARTS and FORMULA(cell) is not None


@lru_cache(maxsize=65536)
def read_moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A moment in UTC; one without a zone is taken in `zone`. None when it is no moment from 1970 on."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        parts = MOMENT(text)
        if parts is None:
            return None
        try:
            moment = datetime(*(int(part) for part in parts.groups("0")))  # type: ignore[arg-type]  # noqa: DTZ001 -- its zone is given below
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    if not 1970 <= moment.year < 9999:
        return None
    return moment.astimezone(UTC)


@lru_cache(maxsize=4096)
def read_role(text: str) -> SiteRole:
    if MODERATORS(text):
        return SiteRole.MODERATOR
    return SiteRole.EXPERT if EXPERTS(text) else SiteRole.MEMBER


@lru_cache(maxsize=4096)
def read_language(text: str) -> str | None:
    word = text.casefold()
    known = LANGUAGE(LANGUAGE_WORDS.get(word, word))
    return known.group(1) if known else None


def _tags(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for part in TAG_BREAKS.split(text) if (tag := part.strip()[:60])))


class _Fault(Exception):
    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason, self.detail = reason, detail


class RowReader:
    """Reads rows whose columns hold these fields."""

    def __init__(self, fields: Sequence[str], columns: Sequence[str], zone: ZoneInfo, region: str) -> None:
        self._columns, self._zone, self._region = columns, zone, region
        numbered = [(number, field) for number, field in enumerate(fields) if field]
        self._identities: list[tuple[int, str, Tidy]] = [
            (number, field, tidy_of(field)) for number, field in numbered if field not in FIELDS
        ]
        self._written = [number for number, field in numbered if field == "identity"]
        self._others = [(number, field) for number, field in numbered if field in FIELDS and field not in OWN_WAY]
        self._name_at = fields.index("name") if "name" in fields else None

    def read(self, row: Row) -> Said | Refused:
        cells = row.cells
        if cells is None:
            return Refused(row.line, row.reason or Reason.QUOTES, [row.text])
        try:
            name, pairs = self._name(cells), self._pairs(cells)
            if not self._others:
                return Said(row.line, name, pairs, None, "", None, None, (), "")
            said = self._rest(cells)
        except _Fault as fault:
            return Refused(row.line, fault.reason, cells, fault.detail)
        get = said.get
        return Said(
            row.line,
            name,
            pairs,
            get("found_at"),
            get("board", ""),
            get("role"),
            get("language"),
            get("tags", ()),
            get("notes", ""),
        )

    def _pairs(self, cells: list[str]) -> list[tuple[str, str]]:
        pairs: list[tuple[str, str]] = []
        for number, kind, tidy in self._identities:
            cell = cells[number].strip()
            if not cell:
                continue
            if cell[0] in FORMULA_STARTS and FORMULA(cell):
                raise _Fault(Reason.FORMULA, self._columns[number])
            value = tidy(cell, self._region)
            if value is None:
                raise _Fault(Reason.IDENTITY, f"{self._columns[number]}: {cell[:80]}")
            pairs.append((kind, value))
        pairs += [self._written_pair(number, cell) for number in self._written if (cell := cells[number].strip())]
        if not pairs:
            raise _Fault(Reason.NO_IDENTITY)
        return pairs

    def _written_pair(self, number: int, cell: str) -> tuple[str, str]:
        try:
            return parse(cell, self._region)
        except NotUnderstood:
            raise _Fault(Reason.IDENTITY, f"{self._columns[number]}: {cell[:80]}") from None

    def _name(self, cells: list[str]) -> str:
        if self._name_at is None:
            return ""
        name = cells[self._name_at].strip()
        if name:
            if name[0] in FORMULA_STARTS and FORMULA(name):
                raise _Fault(Reason.FORMULA, self._columns[self._name_at])
            if len(name) > LONGEST_NAME:
                raise _Fault(Reason.LONG_NAME)
            if CONTROL(name):
                raise _Fault(Reason.CONTROL, self._columns[self._name_at])
        return name

    def _rest(self, cells: list[str]) -> dict[str, Any]:
        said: dict[str, Any] = {}
        for number, field in self._others:
            if cell := cells[number].strip():
                if cell[0] == "=" or (field != "notes" and is_formula(cell)):
                    raise _Fault(Reason.FORMULA, self._columns[number])
                said[field] = _read(field, cell, self._columns[number], self._zone)
        return said


OWN_WAY = frozenset(("name", "identity"))


def _read(field: str, cell: str, column: str, zone: ZoneInfo) -> object:
    if field == "found_at":
        moment = read_moment(cell, zone)
        if moment is None:
            raise _Fault(Reason.MOMENT, f"{column}: {cell[:40]}")
        return moment
    if field == "language":
        language = read_language(cell)
        if language is None:
            raise _Fault(Reason.LANGUAGE, f"{column}: {cell[:40]}")
        return language
    if field == "role":
        return read_role(cell)
    if field == "tags":
        return _tags(cell)
    if field == "notes":
        return cell.replace(LINE_SEPARATOR, "\n").replace("\x00", "")
    if CONTROL(cell):
        raise _Fault(Reason.CONTROL, column)
    return cell[:LONGEST_NAME]
