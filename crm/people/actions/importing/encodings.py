"""Which encoding a file of text is in, and which character parts its cells."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from flask_babel import gettext

from crm.core.errors import NotUnderstood
from crm.people.actions.importing.filetypes import HEAD, is_wide

BOM = b"\xef\xbb\xbf"
SAMPLE = 1 << 22
LONGEST_LINE = 1 << 26
OFFERED = ("utf-8", "gb18030", "utf-16", "big5", "shift_jis", "euc-kr", "windows-1252", "windows-1251", "latin-1")
DELIMITERS = (",", "\t", ";", "|")
COMMON_HANZI = 0.6
GOOD_LINES = 0.5


def find_encoding(path: Path) -> str:
    """Raises NotUnderstood when no encoding fits, or when a line is so long that this is no table."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if wide := is_wide(head):
        return wide
    if head.startswith(BOM):
        return "utf-8-sig"
    odd: list[bytes] = []
    others, size = 0, 0
    with path.open("rb") as file:
        while lines := file.readlines(1 << 20):
            block = b"".join(lines)
            if len(max(lines, key=len)) > LONGEST_LINE:
                raise NotUnderstood(gettext("A line of this file has over 64 MiB: it is no table."))
            if _is_utf8(block):
                others += 0 if block.isascii() else sum(not line.isascii() for line in lines)
                continue
            bad = [line for line in lines if not _is_utf8(line)]
            others += sum(not line.isascii() for line in lines) - len(bad)
            if size < SAMPLE:
                odd += bad
                size += sum(map(len, bad))
    if not odd or len(odd) <= (len(odd) + others) * (1 - GOOD_LINES):
        return "utf-8"
    return _other(odd)


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _other(odd: list[bytes]) -> str:
    """`odd` are lines that are no UTF-8. A few of them may be broken in any encoding."""
    if _share_of_common_hanzi(odd) >= COMMON_HANZI:
        return "gb18030"
    from charset_normalizer import from_bytes  # noqa: PLC0415 -- 2 MB that few files ask for

    best = from_bytes(b"".join(odd)[:SAMPLE]).best()
    if best is None:
        raise NotUnderstood(
            gettext("The encoding of this file cannot be told: save it as UTF-8, or choose it by hand.")
        )
    return {"gb2312": "gb18030", "gbk": "gb18030", "hz": "gb18030"}.get(best.encoding, best.encoding)


def _share_of_common_hanzi(lines: list[bytes]) -> float:
    """The share of the not-ASCII characters that are in GB2312, as nearly all of a Chinese text are."""
    common = others = 0
    for line in lines:
        try:
            text = line.decode("gb18030")
        except UnicodeDecodeError:
            others += 1
            continue
        strange = [char for char in text if not char.isascii()]
        known = len("".join(strange).encode("gb2312", "ignore")) // 2
        common += known
        others += len(strange) - known
    return common / (common + others) if common else 0.0


def find_delimiter(lines: list[str]) -> str:
    """The one that parts the first lines into the most cells, equally many in each. A single column has a comma."""
    best, most = ",", 0.0
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter) if row)
        if not widths:
            continue
        width, times = widths.most_common(1)[0]
        score = (width - 1) * times / sum(widths.values())
        if len(next(csv.reader(lines[:1], delimiter=delimiter))) > 1 and score > most:
            best, most = delimiter, score
    return best
