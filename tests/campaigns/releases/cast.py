"""What the tests of releases start from: a train, a build, people who get it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from flask import Flask

from campaigns.releases.actions import create_train, plan_release
from campaigns.releases.models import Release, Train
from crm.builds.actions import register_build
from crm.builds.models import Build
from crm.core.programme import Programme
from crm.core.weeks import week_of_date

NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)  # a Monday
OPENS = datetime(2026, 6, 5, 9, 0, tzinfo=UTC)  # Friday 17:00 in Shanghai
LATER = OPENS + timedelta(hours=60)
WEEK = week_of_date(OPENS.date())


@pytest.fixture
def train(database: Flask, programme: Programme) -> Train:
    return create_train("Orange Friday", "android", 4, time(17), "Asia/Shanghai", at=NOW)


@pytest.fixture
def build(programme: Programme) -> Build:
    return register_build("android", "5.1", {"zh": "新的锁屏 {{ x }}", "en": "A new lock screen"}, at=NOW)


@pytest.fixture
def release(train: Train, build: Build) -> Release:
    return plan_release(train.id, WEEK, build_id=build.id, at=NOW)
