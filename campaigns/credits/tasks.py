"""What runs by itself: drawing an edition, page by page."""

from __future__ import annotations

from datetime import datetime

from campaigns.credits.actions import draw_some
from campaigns.credits.queries.editions import RENDER
from crm.core import programme
from crm.core.jobs import Job, step


@step(RENDER)
def draw(job: Job, _at: datetime) -> bool:
    """The picture is dated as the page dates everything: by the programme, which may be held."""
    return draw_some(job, programme.moment())
