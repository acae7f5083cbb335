"""Kill -9 at fixed moments, on SQLite with the folder for a broker, and on PostgreSQL with Redis."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

from tests.fragile import fragile_broker
from tests.stories.conftest import Where
from tests.stories.kill import (
    Campaigning,
    Importing,
    Opening,
    crash,
    cut_database,
    kill_one,
    stop_and_start,
    survive,
)
from tests.stories.sink import Sink

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
SEEDS = [(1, "spool"), (2, "spool"), pytest.param(3, "redis", marks=[pytest.mark.postgres, pytest.mark.redis])]


@pytest.mark.parametrize(("seed", "broker"), SEEDS)
def test_an_import_survives_a_kill(seed: int, broker: str, tmp_path: Path, where: Where) -> None:
    rng = Random(seed)
    survive(Importing(), tmp_path, where(broker), moment=rng.uniform(0.05, 0.9), rng=rng)


@pytest.mark.parametrize(("seed", "broker"), SEEDS)
def test_a_campaign_survives_a_kill(seed: int, broker: str, tmp_path: Path, where: Where) -> None:
    rng = Random(seed)
    with Sink() as sink:
        work = Campaigning(sink)
        survive(work, tmp_path, where(broker) | work.settings, moment=rng.uniform(0.05, 0.9), rng=rng)


@pytest.mark.parametrize(("seed", "broker"), SEEDS)
def test_a_campaign_that_is_stopped_leaves_nothing_in_doubt(
    seed: int, broker: str, tmp_path: Path, where: Where
) -> None:
    rng = Random(seed)
    with Sink() as sink:
        work = Campaigning(sink, 2_000, connections=4, depth=10)
        settings = where(broker) | work.settings
        survive(work, tmp_path, settings, moment=rng.uniform(0.05, 0.9), rng=rng, strike=stop_and_start, in_doubt=False)


@pytest.mark.parametrize(("seed", "broker"), SEEDS)
def test_a_campaign_survives_the_loss_of_one_process(seed: int, broker: str, tmp_path: Path, where: Where) -> None:
    rng = Random(seed)
    with Sink() as sink:
        work = Campaigning(sink, 2_000, connections=4, depth=10)
        settings = where(broker) | work.settings
        survive(work, tmp_path, settings, moment=rng.uniform(0.05, 0.9), rng=rng, strike=kill_one)


@pytest.mark.postgres
@pytest.mark.redis
def test_a_campaign_survives_the_loss_of_the_database(tmp_path: Path, where: Where) -> None:
    rng = Random(4)
    with Sink() as sink:
        work = Campaigning(sink, 2_000, connections=4, depth=10)
        settings = where("redis") | work.settings
        survive(work, tmp_path, settings, moment=rng.uniform(0.05, 0.9), rng=rng, strike=cut_database)


@pytest.mark.postgres
@pytest.mark.redis
def test_a_campaign_survives_a_killed_broker_and_nothing_is_in_doubt(tmp_path: Path, where: Where) -> None:
    rng = Random(4)
    with Sink() as sink, fragile_broker() as broker:
        work = Campaigning(sink, 2_000, connections=4, depth=10)
        settings = where("redis") | work.settings | {"BROKER_URL": broker.address}
        moment = rng.uniform(0.05, 0.9)
        survive(work, tmp_path, settings, moment=moment, rng=rng, strike=crash(broker), in_doubt=False)


@pytest.mark.parametrize(("seed", "broker"), SEEDS)
def test_the_opening_of_a_release_survives_a_kill(seed: int, broker: str, tmp_path: Path, where: Where) -> None:
    rng = Random(seed)
    survive(Opening(), tmp_path, where(broker), moment=rng.uniform(0.05, 0.9), rng=rng)
