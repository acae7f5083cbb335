"""The verbs of this room, one file per matter."""

from crm.accounts.actions.agreements import accept_agreement, end_agreement, publish_agreement
from crm.accounts.actions.sessions import close_session, close_sessions, is_seen_stale, note_seen, open_session

__all__ = [
    "accept_agreement",
    "close_session",
    "close_sessions",
    "end_agreement",
    "is_seen_stale",
    "note_seen",
    "open_session",
    "publish_agreement",
]
