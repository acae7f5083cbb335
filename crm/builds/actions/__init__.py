"""The verbs of builds, by what they are about."""

from crm.builds.actions.access import grant_access, mark_open_week
from crm.builds.actions.catalogue import (
    FOLDER,
    BuildKnown,
    attach_file,
    hold_build,
    keep_file,
    offer_again,
    register_build,
    resume_build,
    suffix_of,
    withdraw_build,
    without_file,
    write_notes,
)
from crm.builds.actions.check_ins import NewCheckIn, Recorded, accept_check_ins, record_accepted, record_check_ins
from crm.builds.actions.importing import import_check_ins

__all__ = [
    "FOLDER",
    "BuildKnown",
    "NewCheckIn",
    "Recorded",
    "accept_check_ins",
    "attach_file",
    "grant_access",
    "hold_build",
    "import_check_ins",
    "keep_file",
    "mark_open_week",
    "offer_again",
    "record_accepted",
    "record_check_ins",
    "register_build",
    "resume_build",
    "suffix_of",
    "withdraw_build",
    "without_file",
    "write_notes",
]
