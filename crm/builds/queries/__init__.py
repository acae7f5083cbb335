"""What is known of builds, by what it is about."""

from crm.builds.queries.access import builds_of, download_token, may_have, offered, read_download_token, standing_person
from crm.builds.queries.catalogue import (
    build_or_404,
    builds_page,
    newest_builds,
    notes_in,
    notes_of,
    platforms_in_use,
)
from crm.builds.queries.check_ins import BuildFigures, Run, figures_of, has_run, ran, runs_of

__all__ = [
    "BuildFigures",
    "Run",
    "build_or_404",
    "builds_of",
    "builds_page",
    "download_token",
    "figures_of",
    "has_run",
    "may_have",
    "newest_builds",
    "notes_in",
    "notes_of",
    "offered",
    "platforms_in_use",
    "ran",
    "read_download_token",
    "runs_of",
    "standing_person",
]
