"""The verbs of the outbox."""

from crm.outbox.actions.claiming import hand_back, set_pace, still_welcome, take_due
from crm.outbox.actions.contacts import derive
from crm.outbox.actions.hand import finish_by_hand, finish_many_by_hand, next_by_hand, put_off
from crm.outbox.actions.holding import cancel_held, release
from crm.outbox.actions.keys import make_key, retire_key, use_key
from crm.outbox.actions.leaving import begin, deliver_due, end, send_again, sweep_leases, take_as_sent
from crm.outbox.actions.moves import cancel_letters, cancel_letters_to
from crm.outbox.actions.planning import NewLetter, plan_letters, write_letter
from crm.outbox.actions.refusals import refuse_by_letter
from crm.outbox.actions.touches import NewTouch, record_touches
from crm.outbox.actions.wordings import put_wording

__all__ = [
    "NewLetter",
    "NewTouch",
    "begin",
    "cancel_held",
    "cancel_letters",
    "cancel_letters_to",
    "deliver_due",
    "derive",
    "end",
    "finish_by_hand",
    "finish_many_by_hand",
    "hand_back",
    "make_key",
    "next_by_hand",
    "plan_letters",
    "put_off",
    "put_wording",
    "record_touches",
    "refuse_by_letter",
    "release",
    "retire_key",
    "send_again",
    "set_pace",
    "still_welcome",
    "sweep_leases",
    "take_as_sent",
    "take_due",
    "use_key",
    "write_letter",
]
