"""Reading rows so that a broken one costs only itself: each comes with its line and its place in the file."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Generator, Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple

from crm.people.rules import Reason

BATCH = 1 << 18
LONGEST_RECORD = 1 << 24
LONGEST_CELL = 100_000
LONGEST_LINE = 1 << 20
SHOWN = 200
PROBE = 5
csv.field_size_limit(LONGEST_RECORD)


class Row(NamedTuple):
    """`line` is the physical line the row begins on, from 1; `start`, `end` are bytes. No cells: `reason` says why."""

    line: int
    start: int
    end: int
    cells: list[str] | None
    reason: Reason | None
    text: str


# Of a physical line: its size in bytes, its text without the line feed (None: it cannot be decoded), its bytes.
Line = tuple[int, str | None, bytes]


class Reader:
    """Rows of a file from a place on. `width` is the number of columns; None while the header is being read."""

    def __init__(self, path: Path, encoding: str, delimiter: str, *, start: int = 0, line: int = 1) -> None:
        self.encoding = "utf-8" if encoding == "utf-8-sig" else encoding
        self.delimiter = delimiter
        self.width: int | None = None
        self.start, self.line = start, line
        self._path = path
        self._ahead: deque[Line] = deque()
        self._more: Iterator[bool] = iter(())

    def rows(self) -> Generator[Row, None, None]:
        """`start` and `line` are those of the next row whenever a row has been given."""
        self._ahead.clear()
        with self._path.open("rb") as file:
            if self.start == 0 and file.read(3) == b"\xef\xbb\xbf":
                self.start = 3
            file.seek(self.start)
            self._more = self._lines(file)
            try:
                while self._ahead or self._fill():
                    row = self._next()
                    if row is not None:
                        yield row
            finally:
                self._more = iter(())  # breaks a circle, in which whole blocks of the file would wait for the collector
                self._ahead.clear()

    def header(self) -> list[str]:
        """The first row that holds anything; the reader then stands at the first row of data and knows its width."""
        for row in self.rows():
            columns = [cell.strip() for cell in row.cells or [row.text]]
            while columns and not columns[-1]:
                columns.pop()
            self.width = len(columns)
            self._ahead.clear()
            return columns
        return []

    def _fill(self) -> bool:
        return next(self._more, False)

    def _lines(self, file: BufferedReader) -> Iterator[bool]:
        """Takes more lines from the file; decoded all at once where that can be done."""
        while raws := file.readlines(BATCH):
            try:
                texts: list[str | None] = [*b"".join(raws).decode(self.encoding).split("\n")]
                if len(texts) - (texts[-1] == "") != len(raws):
                    texts = [self._decode(raw) for raw in raws]
            except UnicodeDecodeError:
                texts = [self._decode(raw) for raw in raws]
            self._ahead.extend(zip(map(len, raws), texts, raws, strict=False))
            yield True

    def _decode(self, raw: bytes) -> str | None:
        try:
            return raw.decode(self.encoding).removesuffix("\n")
        except UnicodeDecodeError:
            return None

    def _take(self, count: int) -> tuple[int, int, list[Line]]:
        """Steps over `count` lines; returns the line and byte the first of them begins at."""
        line, start = self.line, self.start
        taken = [self._ahead.popleft() for _ in range(count)]
        self.line += count
        self.start += sum(size for size, _text, _raw in taken)
        return line, start, taken

    def _next(self) -> Row | None:
        """The next row, or None for a line with nothing on it."""
        size, text, raw = self._ahead[0]
        if text is not None and '"' in text:
            return self._quoted()
        line, start = self.line, self.start
        self._ahead.popleft()
        self.line += 1
        self.start += size
        if text is None:
            return Row(line, start, self.start, None, Reason.ENCODING, _glimpse(raw, self.encoding))
        text = text.removesuffix("\r")
        if not text or text.isspace():
            return None
        return self._row(line, start, text.split(self.delimiter), text)

    def _row(self, line: int, start: int, cells: list[str], text: str) -> Row | None:
        reason = self._fault(cells, text)
        if reason is not None:
            return Row(line, start, self.start, None, reason, text[:SHOWN].replace("\x00", "\u2400"))
        if not any(cells) or not "".join(cells).strip():
            return None
        return Row(line, start, self.start, cells[: self.width], None, "")

    def _fault(self, cells: list[str], text: str) -> Reason | None:
        if "\x00" in text:
            return Reason.NUL
        if len(text) > LONGEST_CELL and (max(map(len, cells)) > LONGEST_CELL or len(text) > LONGEST_LINE):
            return Reason.LONG_CELL
        if self.width is None or len(cells) == self.width:
            return None
        if len(cells) < self.width:
            return Reason.FEW_CELLS if "".join(cells).strip() else None
        return Reason.MANY_CELLS if any(cells[self.width :]) else None

    def _quoted(self) -> Row | None:
        """A row with quotes may go on over line ends; a quote that never closes must not swallow the rows after it."""
        cells, count = self._parse()
        line, start, taken = self._take(count if cells is not None else 1)
        if cells is None:
            text = (taken[0][1] or "").rstrip("\r")
            if "\x00" in text:
                return Row(line, start, self.start, None, Reason.NUL, text[:SHOWN].replace("\x00", "\u2400"))
            return Row(line, start, self.start, None, Reason.QUOTES, text[:SHOWN])
        return self._row(line, start, cells, "\n".join(text or "" for _size, text, _raw in taken))

    def _parse(self) -> tuple[list[str] | None, int]:
        """The cells of the record that begins here and on how many lines it stands; None for broken quotes."""
        used = 0

        def lines() -> Iterator[str]:
            nonlocal used
            size = 0
            while size < LONGEST_RECORD:
                if used >= len(self._ahead) and not self._fill():
                    return
                length, text, _raw = self._ahead[used]
                if text is None:
                    return
                used += 1
                size += length
                yield text.removesuffix("\r") + "\n"

        try:
            cells = next(csv.reader(lines(), delimiter=self.delimiter, strict=True))
        except (csv.Error, StopIteration):
            return None, 1
        return (None, 1) if used > 1 and self._swallowed(cells, used) else (cells, used)

    def _swallowed(self, cells: list[str], used: int) -> bool:
        """Whether a record over several lines is rather a stray quote and whole rows behind it."""
        if self.width is None or self.width == 1:
            return False
        if len(cells) != self.width:
            return True
        between = [self._ahead[i][1] or "" for i in range(1, min(used - 1, PROBE + 1))]
        return bool(between) and all(text.count(self.delimiter) == self.width - 1 for text in between)


def _glimpse(raw: bytes, encoding: str) -> str:
    return raw[:SHOWN].decode(encoding, "replace").strip().replace("\x00", "\u2400")
