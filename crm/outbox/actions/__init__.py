"""The verbs of the outbox."""

from crm.outbox.actions.accounts import (
    AccountDraft,
    NewPost,
    add_post,
    add_posts,
    remove_post,
    save_account,
    set_account_active,
    set_account_users,
)
from crm.outbox.actions.calling_back import call_letters_back, queue_letters_again
from crm.outbox.actions.claiming import cancel_stopped, hand_back, set_pace, still_welcome, stop_leaving, take_due
from crm.outbox.actions.contacts import derive
from crm.outbox.actions.defaults import set_when_uncertain
from crm.outbox.actions.hand import finish_by_hand, finish_many_by_hand, free_lease, next_by_hand, put_off, write_as
from crm.outbox.actions.holding import cancel_held, release
from crm.outbox.actions.keys import make_key, retire_key, use_key
from crm.outbox.actions.leaving import deliver_due, end, give_up, sweep_leases
from crm.outbox.actions.limits import has_room, set_mail_limits, within_limits
from crm.outbox.actions.mail_accounts import (
    MailAccountDraft,
    hand_letters_on,
    note_server,
    put_mail_account,
    retire_mail_account,
    set_mail_account_active,
    try_mail_account,
)
from crm.outbox.actions.moves import cancel_letters, cancel_letters_to
from crm.outbox.actions.planning import NewLetter, plan_letters, write_letter
from crm.outbox.actions.recording import record_by_hand
from crm.outbox.actions.refusals import refuse_by_letter
from crm.outbox.actions.touches import NewTouch, record_touches
from crm.outbox.actions.uncertain import decide_uncertain, send_again, take_as_sent
from crm.outbox.actions.undoing import undo_by_hand
from crm.outbox.actions.wordings import put_wording

__all__ = [
    "AccountDraft",
    "MailAccountDraft",
    "NewLetter",
    "NewPost",
    "NewTouch",
    "add_post",
    "add_posts",
    "call_letters_back",
    "cancel_held",
    "cancel_letters",
    "cancel_letters_to",
    "cancel_stopped",
    "decide_uncertain",
    "deliver_due",
    "derive",
    "end",
    "finish_by_hand",
    "finish_many_by_hand",
    "free_lease",
    "give_up",
    "hand_back",
    "hand_letters_on",
    "has_room",
    "make_key",
    "next_by_hand",
    "note_server",
    "plan_letters",
    "put_mail_account",
    "put_off",
    "put_wording",
    "queue_letters_again",
    "record_by_hand",
    "record_touches",
    "refuse_by_letter",
    "release",
    "remove_post",
    "retire_key",
    "retire_mail_account",
    "save_account",
    "send_again",
    "set_account_active",
    "set_account_users",
    "set_mail_account_active",
    "set_mail_limits",
    "set_pace",
    "set_when_uncertain",
    "still_welcome",
    "stop_leaving",
    "sweep_leases",
    "take_as_sent",
    "take_due",
    "try_mail_account",
    "undo_by_hand",
    "use_key",
    "within_limits",
    "write_as",
    "write_letter",
]
