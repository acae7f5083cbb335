"""Kinds of identity, roles in a forum, kinds of origin, states of a merge proposal. Pure."""

from __future__ import annotations

from enum import StrEnum

IDENTITY_KINDS = ("email", "qq", "wechat", "weibo", "phone", "matrix", "telegram", "github")
FORUM_PREFIX = "forum:"
LONGEST_NAME = 200


class SiteRole(StrEnum):
    """The role a person has where we found them."""

    MEMBER = "member"
    EXPERT = "expert"
    MODERATOR = "moderator"


class OriginKind(StrEnum):
    CAMPAIGN = "campaign"
    VARIANT = "variant"
    INVITE_LINK = "invite_link"
    IMPORT = "import"
    FCODE = "fcode"
    PARTNER = "partner"
    OWN_SITE = "own_site"


class ProposalState(StrEnum):
    OPEN = "open"
    MERGED = "merged"
    REJECTED = "rejected"


class ImportState(StrEnum):
    """uploaded -> previewed -> running -> done | cancelled | failed; done | cancelled | failed -> undone."""

    UPLOADED = "uploaded"
    PREVIEWED = "previewed"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNDONE = "undone"


class SuppressionReason(StrEnum):
    DECLINED = "declined"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINT = "complaint"
    FORGOTTEN = "forgotten"
    IMPORTED = "imported"


LIFTABLE = frozenset({SuppressionReason.BOUNCED})
"""Says something of an address, not of a person's will; every other reason is final."""
BY_STAFF = (
    SuppressionReason.DECLINED,
    SuppressionReason.UNSUBSCRIBED,
    SuppressionReason.COMPLAINT,
    SuppressionReason.BOUNCED,
    SuppressionReason.IMPORTED,
)
"""Reasons that staff may give; `forgotten` comes with an erasure alone."""


def is_identity_kind(kind: str) -> bool:
    return kind in IDENTITY_KINDS or (kind.startswith(FORUM_PREFIX) and len(kind) > len(FORUM_PREFIX))


class Reason(StrEnum):
    """Why a row of an import is refused."""

    ENCODING = "encoding"
    NUL = "nul"
    QUOTES = "quotes"
    LONG_CELL = "long_cell"
    FEW_CELLS = "few_cells"
    MANY_CELLS = "many_cells"
    FORMULA = "formula"
    CONTROL = "control"
    LONG_NAME = "long_name"
    NO_IDENTITY = "no_identity"
    IDENTITY = "identity"
    MOMENT = "moment"
    LANGUAGE = "language"


FIELDS = ("name", "found_at", "board", "role", "language", "tags", "notes", "forum", "identity")


def is_field(field: str) -> bool:
    """What a column of an import may be read as; `forum`: a name on the import's own site, `identity`: kind:value."""
    return field in FIELDS or is_identity_kind(field)
