"""The verbs of builds, by what they are about."""

from crm.builds.actions.access import grant_access, mark_open_week, note_download
from crm.builds.actions.artefacts import FOLDER, attach_file, keep_file, sign_artefact, suffix_of, without_file
from crm.builds.actions.catalogue import (
    BuildKnown,
    GoesBack,
    hold_build,
    offer_again,
    register_build,
    renew_build,
    resume_build,
    withdraw_build,
)
from crm.builds.actions.check_ins import NewCheckIn, Recorded, accept_check_ins, record_accepted, record_check_ins
from crm.builds.actions.fixing import fix_build, free_build
from crm.builds.actions.importing import import_check_ins
from crm.builds.actions.notes import NotesFixed, write_notes

__all__ = [
    "FOLDER",
    "BuildKnown",
    "GoesBack",
    "NewCheckIn",
    "NotesFixed",
    "Recorded",
    "accept_check_ins",
    "attach_file",
    "fix_build",
    "free_build",
    "grant_access",
    "hold_build",
    "import_check_ins",
    "keep_file",
    "mark_open_week",
    "note_download",
    "offer_again",
    "record_accepted",
    "record_check_ins",
    "register_build",
    "renew_build",
    "resume_build",
    "sign_artefact",
    "suffix_of",
    "withdraw_build",
    "without_file",
    "write_notes",
]
