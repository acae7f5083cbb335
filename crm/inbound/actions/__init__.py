"""The verbs of what comes in."""

from crm.inbound.actions.answering import answer, goes_to, settle_answers
from crm.inbound.actions.limits import close_hook, hook_secret, new_hook_secret, set_limits
from crm.inbound.actions.mailboxes import (
    LEASE,
    MailboxChange,
    account_of,
    hand_back_mailbox,
    note_try,
    put_mailbox,
    remove_mailbox,
    take_mailbox,
    try_mailbox,
)
from crm.inbound.actions.taking_in import take_in, take_unreadable

__all__ = [
    "LEASE",
    "MailboxChange",
    "account_of",
    "answer",
    "close_hook",
    "goes_to",
    "hand_back_mailbox",
    "hook_secret",
    "new_hook_secret",
    "note_try",
    "put_mailbox",
    "remove_mailbox",
    "set_limits",
    "settle_answers",
    "take_in",
    "take_mailbox",
    "take_unreadable",
    "try_mailbox",
]
