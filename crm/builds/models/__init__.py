"""The tables of builds."""

from crm.builds.models.artefacts import Artefact, Upload
from crm.builds.models.catalogue import Build, BuildAccess, BuildDownload, BuildNote, FixedNotes, OpenWeek
from crm.builds.models.check_ins import CheckIn, CheckInBatch, CheckInImport
from crm.builds.models.feeds import FeedKey, FeedSigner
from crm.builds.models.seats import Seat, SeatPolicy

__all__ = [
    "Artefact",
    "Build",
    "BuildAccess",
    "BuildDownload",
    "BuildNote",
    "CheckIn",
    "CheckInBatch",
    "CheckInImport",
    "FeedKey",
    "FeedSigner",
    "FixedNotes",
    "OpenWeek",
    "Seat",
    "SeatPolicy",
    "Upload",
]
