"""The tables of builds."""

from crm.builds.models.catalogue import Build, BuildAccess, BuildNote, OpenWeek
from crm.builds.models.check_ins import CheckIn, CheckInBatch, CheckInImport
from crm.builds.models.feeds import BuildProof, FeedKey, FeedSigner
from crm.builds.models.seats import Seat

__all__ = [
    "Build",
    "BuildAccess",
    "BuildNote",
    "BuildProof",
    "CheckIn",
    "CheckInBatch",
    "CheckInImport",
    "FeedKey",
    "FeedSigner",
    "OpenWeek",
    "Seat",
]
