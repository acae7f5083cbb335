"""A seeding log as CSV: date, forum, link, note, level after; the head may be English or Chinese."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date

from flask_babel import gettext as _

from crm.core.errors import NotUnderstood
from crm.outbox.actions.accounts import NewPost
from crm.outbox.models import SeedingPost

HEAD = ("date", "forum", "link", "note", "level after")
NAMES = {
    "date": "date", "日期": "date", "forum": "forum", "论坛": "forum", "link": "link", "链接": "link",
    "note": "note", "备注": "note", "level after": "level", "level": "level", "发后等级": "level", "等级": "level",
}  # fmt: skip
MOST_ROWS = 5000
MOST_BYTES = 400_000
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise NotUnderstood(_("This file is larger than a log: 400 KB at most."))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding).replace("\x00", "")
        except UnicodeDecodeError:
            continue
    raise NotUnderstood(_("This file is no text: save it as CSV in UTF-8."))


def _cell(value: str) -> str:
    """A spreadsheet would run what begins like a formula: exported with an apostrophe, which is taken off again."""
    return value[1:] if value.startswith("'") and value[1:].startswith(FORMULA) else value


def _day(text: str, line: int) -> date:
    try:
        return date.fromisoformat(text.replace("/", "-").replace(".", "-"))
    except ValueError as error:
        raise NotUnderstood(
            _("Line %(line)s: “%(text)s” is no date. Write it as 2026-03-27.", line=line, text=text[:40])
        ) from error


def _level(text: str, line: int) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 7:
        raise NotUnderstood(_("Line %(line)s: “%(text)s” is no level.", line=line, text=text[:40]))
    return int(text)


def _post(row: Sequence[str], place: dict[str, int], line: int) -> NewPost:
    def cell(name: str) -> str:
        at = place.get(name, len(row))
        return _cell(row[at].strip()) if at < len(row) else ""

    if not cell("forum"):
        raise NotUnderstood(_("Line %(line)s names no forum.", line=line))
    return NewPost(_day(cell("date"), line), cell("forum"), cell("link"), cell("note"), _level(cell("level"), line))


def read_posts(content: bytes) -> list[NewPost]:
    """Raises NotUnderstood with the line that cannot be read: then nothing is taken."""
    try:
        rows = list(csv.reader(io.StringIO(_text(content), newline=""), strict=True))
    except csv.Error as error:
        raise NotUnderstood(_("This is no CSV: %(fault)s", fault=str(error))) from error
    named = [NAMES.get(cell.strip().casefold(), "") for cell in rows[0]] if rows else []
    place = {name: at for at, name in enumerate(named) if name}
    if not {"date", "forum"} <= set(place):
        raise NotUnderstood(_("The first line names the columns: date, forum, link, note, level after."))
    if len(rows) > MOST_ROWS:
        raise NotUnderstood(_("That is more than %(most)s posts: split the file.", most=MOST_ROWS))
    return [_post(row, place, line) for line, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]


def write_posts(posts: Iterable[SeedingPost]) -> bytes:
    """With a byte order mark, by which spreadsheets know UTF-8."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for post in posts:
        cells = [post.posted_on.isoformat(), post.forum, post.link, post.note, str(post.level_after or "")]
        if post.level_after == 0:
            cells[-1] = "0"
        writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return out.getvalue().encode("utf-8-sig")
