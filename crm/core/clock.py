"""The one place that reads the clock. A door reads it once and hands the moment on."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
