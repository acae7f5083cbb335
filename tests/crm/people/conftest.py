"""A file of people, imported through its job, in chunks of any size."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from crm.core import clock
from crm.core.db import session
from crm.core.jobs import Job, JobState
from crm.people.actions import importing
from crm.people.actions.importing import running
from crm.people.models import PeopleImport

Bring = Callable[..., PeopleImport]


def work(job: Job, size: int = running.CHUNK) -> None:
    while running.step(job, clock.now(), size=size):
        session().flush()
    job.state = JobState.DONE
    session().flush()


@pytest.fixture
def bring(programme: object) -> Bring:
    """`bring(content, size=...)` imports a text or bytes, wholly."""

    def bring(
        content: str | bytes, *, size: int = running.CHUNK, name: str = "people.csv", at: datetime | None = None,
        **more: Any,
    ) -> PeopleImport:  # fmt: skip
        data = content.encode() if isinstance(content, str) else content
        bringer = importing.upload(io.BytesIO(data), name, at=at or clock.now())
        importing.describe(bringer.id, **({"site": "gfan", "basis": "public profile"} | more))
        work(importing.start(bringer.id, at=clock.now()), size)
        return bringer

    return bring
