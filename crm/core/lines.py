"""Several kept lines to one mail server, each in a thread of its own, and the rest of a server that is away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic

from crm.core.smtp import Answer, Line, Parcel

LEAST_SHARE = 8
"""Letters for which another line is worth its greeting."""
FIRST_REST, LONGEST_REST = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Flight:
    """Letters that have been handed to lines."""

    shares: list[Future[list[Answer]]]

    def land(self) -> list[Answer]:
        """Waits; the answers stand in the order of the letters."""
        return [answer for share in self.shares for answer in share.result()]


class Lines:
    """Close them: what is on its way is waited for then."""

    def __init__(self, url: str, count: int) -> None:
        self._lines = [Line(url) for _ in range(count)]
        self._threads = [ThreadPoolExecutor(1, thread_name_prefix="line") for _ in range(count)]

    def close(self) -> None:
        goodbyes = [thread.submit(line.close) for line, thread in zip(self._lines, self._threads, strict=True)]
        for goodbye in goodbyes:
            goodbye.result()
        for thread in self._threads:
            thread.shutdown()

    def send(self, parcels: Sequence[Parcel], enough: Callable[[], bool]) -> Flight:
        """Shares them out; each line takes its share after what it has already."""
        count = max(1, min(len(self._lines), len(parcels) // LEAST_SHARE))
        shares = []
        for number in range(count):
            share = parcels[len(parcels) * number // count : len(parcels) * (number + 1) // count]
            shares.append(self._threads[number].submit(self._lines[number].send_all, share, enough))
        return Flight(shares)


class Rests:
    """Mail servers that were away: each failure in a row doubles the time for which nobody knocks again."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._last: dict[str, float] = {}

    def away(self, url: str) -> float:
        """Returns for how many seconds it rests now."""
        pause = min(self._last.get(url, FIRST_REST / 2) * 2, LONGEST_REST)
        self._last[url], self._until[url] = pause, monotonic() + pause
        return pause

    def there(self, url: str) -> None:
        self._until.pop(url, None)
        self._last.pop(url, None)

    def left(self, url: str) -> float:
        """For how many seconds more; 0 when it may be asked."""
        return max(0.0, self._until.get(url, 0.0) - monotonic())
