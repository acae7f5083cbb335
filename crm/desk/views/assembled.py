"""Pages assembled from the rooms' offers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import g, render_template
from markupsafe import Markup

from crm.core.offers import Panel


def rendered(panels: Iterable[Panel], person_id: int, at: datetime, **more: Any) -> list[Markup]:
    """Each panel that this viewer may see and that has something to say, in the order the rooms ask for."""
    viewer = g.viewer
    parts = []
    for panel in sorted(panels, key=lambda panel: panel.order):
        if panel.may is not None and not viewer.may(panel.may):
            continue
        context = panel.context(person_id, at)
        if context is not None:
            parts.append(Markup(render_template(panel.template, **more, **context)))  # noqa: S704 -- Jinja has escaped it
    return parts
