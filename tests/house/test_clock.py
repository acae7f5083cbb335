"""The clock is read in core/clock.py and nowhere else, so that tests and the held story can set it."""

from __future__ import annotations

from tests.house.source import ROOT, calls, modules, place

# Each beside the clock itself with the reason why no test and no held story needs to set its time.
MAY = {
    "crm/core/clock.py": "it is the clock",
    "crm/core/spool.py": "orders the wake-up files by their age; a wake-up carries no moment",
}
READS = {"now", "utcnow", "today", "time.time", "time.time_ns", "func.now", "localtime", "gmtime"}
MODULES = {"datetime", "date", "dt", "time", "func", "sa", "datetime.datetime", "datetime.date", "sa.func"}


def reads_clock(name: str) -> bool:
    """`datetime.now`, `date.today`, `func.now`, `time.time`; not `clock.now`."""
    owner, _, verb = name.rpartition(".")
    return (owner in MODULES and verb in READS) or name in READS - {"now"} or name.endswith("CURRENT_TIMESTAMP")


def test_only_the_clock_reads_the_time() -> None:
    found = [
        place(path, line)
        for path in modules()
        if path.relative_to(ROOT).as_posix() not in MAY
        for name, line in calls(path)
        if reads_clock(name)
    ]
    assert found == []


def test_a_read_of_the_time_is_recognised() -> None:
    assert all(map(reads_clock, ["datetime.now", "datetime.datetime.now", "date.today", "func.now", "time.time"]))
    assert not any(map(reads_clock, ["clock.now", "time.monotonic", "now", "self.now"]))
