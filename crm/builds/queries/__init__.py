"""What is known of builds, by what it is about."""

from crm.builds.queries.access import (
    builds_of,
    download_token,
    link_ends_on,
    may_have,
    offered,
    own_files,
    read_download_token,
    standing_person,
)
from crm.builds.queries.catalogue import (
    artefact_for,
    artefacts_of,
    build_or_404,
    builds_page,
    ending_builds,
    newest_builds,
    notes_in,
    notes_of,
    platforms_in_use,
    to_test_of,
)
from crm.builds.queries.check_ins import BuildFigures, Run, figures_of, has_downloaded, has_run, ran, runs_of
from crm.builds.queries.uploads import arrived_uploads, old_uploads, open_uploads, upload_of

__all__ = [
    "BuildFigures",
    "Run",
    "arrived_uploads",
    "artefact_for",
    "artefacts_of",
    "build_or_404",
    "builds_of",
    "builds_page",
    "download_token",
    "ending_builds",
    "figures_of",
    "has_downloaded",
    "has_run",
    "link_ends_on",
    "may_have",
    "newest_builds",
    "notes_in",
    "notes_of",
    "offered",
    "old_uploads",
    "open_uploads",
    "own_files",
    "platforms_in_use",
    "ran",
    "read_download_token",
    "runs_of",
    "standing_person",
    "to_test_of",
    "upload_of",
]
