"""What a file is, by its first bytes: a file of the wrong type is refused whole, with what to do instead."""

from __future__ import annotations

import re

from flask_babel import gettext

from crm.core.errors import NotUnderstood

HEAD = 1 << 16
OLD_OFFICE = b"\xd0\xcf\x11\xe0"
ZIP = b"PK\x03\x04"
KNOWN = (
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"%PDF", "PDF"),
    (b"{\\rtf", "RTF"),
    (b"SQLite format 3", "SQLite"),
    (b"\x7fELF", "ELF"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7z"),
    (b"\x1f\x8b", "gzip"),
)
MARKUP = re.compile(rb"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")
MOST_CONTROLS = 0.02


def refuse_strangers(head: bytes) -> None:
    """Raises NotUnderstood for a file that is no table. `head` is its first 64 KiB."""
    if not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise NotUnderstood(gettext("The file is empty: choose one with a line of column names and rows below it."))
    if head.startswith(OLD_OFFICE):
        raise NotUnderstood(gettext("This is an old Excel file (.xls): open it and save it as .xlsx or CSV."))
    for magic, name in KNOWN:
        if head.startswith(magic):
            raise NotUnderstood(
                gettext("This is a %(type)s file, not a list of people: choose CSV, TSV or XLSX.", type=name)
            )
    if MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise NotUnderstood(gettext("This is a web page or XML, not a list of people: choose CSV, TSV or XLSX."))
    if is_zip(head) or is_wide(head):
        return
    if len(CONTROLS.findall(head)) > max(8, len(head) * MOST_CONTROLS):
        raise NotUnderstood(gettext("This is not a file of text: choose CSV, TSV or XLSX."))


def is_zip(head: bytes) -> bool:
    return head.startswith(ZIP)


def is_wide(head: bytes) -> str | None:
    """`utf-16-le`, `utf-16-be`, `utf-32` or None: encodings in which a line end is more than one byte."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "utf-32"
    if head.startswith(b"\xff\xfe"):
        return "utf-16-le"
    if head.startswith(b"\xfe\xff"):
        return "utf-16-be"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = max(1, len(head) // 2)
    if odd / half > 0.2 and even / half < 0.05:
        return "utf-16-le"
    if even / half > 0.2 and odd / half < 0.05:
        return "utf-16-be"
    return None
