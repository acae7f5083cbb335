"""The verbs of this room, one file per matter."""

from crm.accounts.actions.agreements import accept_agreement, end_agreement, publish_agreement
from crm.accounts.actions.api_tokens import make_api_token, revoke_api_token
from crm.accounts.actions.attempts import TooManyTries, forgive_tries, note_try
from crm.accounts.actions.links import LinkSpent, make_link, make_sign_in_link, person_of_link, use_link
from crm.accounts.actions.passwords import is_right, refuse_weak, renew_hash, set_password
from crm.accounts.actions.sessions import close_session, close_sessions, is_seen_stale, note_seen, open_session
from crm.accounts.actions.sweeping import sweep_ended

__all__ = [
    "LinkSpent",
    "TooManyTries",
    "accept_agreement",
    "close_session",
    "close_sessions",
    "end_agreement",
    "forgive_tries",
    "is_right",
    "is_seen_stale",
    "make_api_token",
    "make_link",
    "make_sign_in_link",
    "note_seen",
    "note_try",
    "open_session",
    "person_of_link",
    "publish_agreement",
    "refuse_weak",
    "renew_hash",
    "revoke_api_token",
    "set_password",
    "sweep_ended",
    "use_link",
]
