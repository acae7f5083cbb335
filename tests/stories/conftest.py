"""Where a real program runs: SQLite with a folder for a broker, or PostgreSQL with Redis."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import redis

Where = Callable[[str], dict[str, str]]
KEYS = {
    "SECRET_KEY": "a secret that only these tests know about",
    "SUPPRESSION_KEY": "another one for the hashes of erased people",
}


@pytest.fixture
def where(request: pytest.FixtureRequest) -> Where:
    """where("spool") or where("redis"): the settings of an installation with an empty database and broker."""

    def settings(broker: str) -> dict[str, str]:
        if broker == "spool":
            return dict(KEYS)
        address = request.getfixturevalue("redis_server")
        with redis.Redis.from_url(address) as connection:
            connection.flushdb()
        database = request.getfixturevalue("fresh_postgres_database")()
        return KEYS | {"DATABASE_URL": database, "BROKER_URL": address, "LOG_FORMAT": "text"}

    return settings
