"""Everything that runs by itself exists, and has a test that runs it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask

from crm.schedule import EVERY, WHILE_HELD

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("name", sorted({*EVERY, *WHILE_HELD}))
def test_each_scheduled_task_exists(app: Flask, name: str) -> None:
    module, _, function = name.rpartition(".")
    assert getattr(import_module(module), function).name == name


@pytest.mark.parametrize("name", sorted(EVERY))
def test_each_scheduled_task_is_tested(name: str) -> None:
    module, _, function = name.rpartition(".")
    room = module.split(".")[1]
    sources = [path.read_text("utf-8") for path in TESTS.rglob(f"*/{room}/*.py")]
    assert any(f"{function}.run(" in source for source in sources), (
        f"no test under tests/*/{room} calls {function}.run()"
    )
