"""What tests run against is there, and a machine that lacks it says so instead of passing."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from uuid import uuid4

import psycopg
import pytest
import redis

from tests import services


def test_the_postgres_server_lets_us_make_databases(postgres_server: str) -> None:
    name = f"seedbed_probe_{uuid4().hex[:8]}"
    with psycopg.connect(postgres_server, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        server.execute(f'DROP DATABASE "{name}"')


def test_the_redis_database_is_ours_to_empty(redis_server: str) -> None:
    with redis.Redis.from_url(redis_server) as connection:
        connection.set("seed", "bed")
        connection.flushdb()
        assert connection.dbsize() == 0


def test_chromium_starts(chromium: str) -> None:
    ran = subprocess.run([chromium, "--version"], capture_output=True, text=True, check=True)
    assert "Chrom" in ran.stdout


@pytest.mark.parametrize("fixture", services.FIXTURES)
def test_a_test_is_marked_by_the_service_it_uses(fixture: str, request: pytest.FixtureRequest) -> None:
    marker = services.FIXTURES[fixture].marker
    using = [item for item in request.session.items if fixture in getattr(item, "fixturenames", ())]
    assert all(item.get_closest_marker(marker) for item in using)


def test_in_ci_nothing_may_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_WITHOUT", "browser")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.UsageError, match="CI"):
        services.left_out()


def test_leaving_out_what_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_WITHOUT", "browsers")
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.UsageError, match="browsers"):
        services.left_out()


def test_an_address_where_nobody_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_REDIS_URL", f"redis://127.0.0.1:{services.free_port()}")
    with ExitStack() as stack, pytest.raises(pytest.UsageError, match="TEST_REDIS_URL"):
        services.REDIS.provide(stack)


def test_what_is_missing_is_listed_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = services.Service("tea", "Tea", "TEST_TEA", bool, (lambda _stack: None,), {"": "put the kettle on"})
    for name in ("CI", "TEST_TEA", "TEST_WITHOUT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(services, "SERVICES", (missing,))
    with ExitStack() as stack:
        assert services.provide_all(stack) == [missing]
    assert missing.cure() == "put the kettle on"
