"""A batch read at a glance is what the schema would have made of it, or is left to the schema."""

from __future__ import annotations

from itertools import product
from typing import Any

from apiflask import Schema
from marshmallow import ValidationError

from crm.builds.api import CheckInsSchema
from crm.builds.rules.batches import at_a_glance

GONE = object()
VALUES: dict[str, list[Any]] = {
    "version": ["1.0", "版本 1", "x" * 200, GONE, "", "x" * 201, "a\x00", "a\n", "\ud800", 1, None, True],
    "kind": [GONE, "first_run", "heartbeat", "report", "crash", "", None, ["heartbeat"], {}],
    "platform": [GONE, "android", "beos", None, [], 7],
    "client_key": [GONE, "k", "", "x" * 201, "\udfff", None, 3],
    "at": [
        GONE, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5+08:00", "2026-01-02T03:04:05.123456-11:30",
        "0001-01-01T00:00:00+14:00", "2026-02-30T00:00:00Z", "2026-01-02T24:00:00Z", "2026-01-02T03:04:60Z",
        "2026-01-02T03:04:05", "2026-01-02T03:04Z", "2026-01-02 03:04:05Z", "20260102T030405Z", "2026-W01-1T00:00:00Z",
        "2026-01-02T03:04:05.1234567Z", "2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05+0800",
        "2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+05:99",
        "２０２６-01-02T03:04:05Z", "2026-01-02T03:04:05Z\n", "now", "", 0, None,
    ],
    "surprise": [GONE, 1],
}  # fmt: skip
PLAIN = {"version": "1.0", "kind": "heartbeat", "at": "2026-01-02T03:04:05.25+08:00", "client_key": "k"}


def by_schema(body: Any) -> Any:
    """None where the schema finds a fault."""
    try:
        return Schema.load(CheckInsSchema(), body)
    except ValidationError:
        return None


def agrees(body: Any) -> bool:
    """Whether nothing is read that the schema reads otherwise; returns whether it was read at all."""
    read = at_a_glance(body)
    if read is not None:
        assert read == by_schema(body), ascii(body)
    return read is not None


def item(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in (PLAIN | values).items() if value is not GONE}


def test_two_fields_of_any_kind_beside_plain_ones() -> None:
    read = left = 0
    for (one, ones), (two, twos) in product(VALUES.items(), repeat=2):
        for first, second in product(ones, twos):
            if agrees({"check_ins": [PLAIN, item(**{one: first, two: second})]}):
                read += 1
            else:
                left += 1
    assert read > 200
    assert left > 200


def test_when_it_was_sent() -> None:
    sent = [value for value in VALUES["at"] if value is not GONE]
    assert sum(agrees({"check_ins": [PLAIN], "sent_at": value}) for value in sent) == 4


def test_what_is_no_plain_batch_is_left_to_the_schema() -> None:
    wrong: list[Any] = [None, [], "x", {}, PLAIN, {"check_ins": []}, {"check_ins": {}}, {"check_ins": [[]]}]
    wrong += [{"check_ins": [PLAIN] * 501}, {"check_ins": [PLAIN], "surprise": 1}]
    assert [at_a_glance(body) for body in wrong] == [None] * len(wrong)


def test_a_plain_batch_is_read() -> None:
    assert agrees({"check_ins": [PLAIN] * 500, "sent_at": "2026-01-02T03:04:05Z"})
    assert agrees({"check_ins": [{"version": "1.0"}]})
