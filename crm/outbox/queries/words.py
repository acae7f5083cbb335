"""How states, outcomes and reasons are called."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from crm.outbox.models import Touch
from crm.outbox.rules import Direction, HandEnd, LetterState, Outcome
from crm.people.rules import FORUM_PREFIX

STATES = {
    LetterState.QUEUED: lazy_pgettext("letter", "waiting to leave"),
    LetterState.SENDING: lazy_pgettext("letter", "leaving"),
    LetterState.SENT: lazy_pgettext("letter", "sent"),
    LetterState.REFUSED: lazy_pgettext("letter", "refused by the server"),
    LetterState.BOUNCED: lazy_pgettext("letter", "came back"),
    LetterState.SUPPRESSED: lazy_pgettext("letter", "not written: on the suppression list"),
    LetterState.CANCELLED: lazy_pgettext("letter", "cancelled"),
    LetterState.EXPIRED: lazy_pgettext("letter", "expired"),
    LetterState.UNCERTAIN: lazy_pgettext("letter", "uncertain"),
}
TONES = {
    LetterState.QUEUED: "waiting",
    LetterState.SENDING: "going",
    LetterState.SENT: "done",
    LetterState.REFUSED: "stopped",
    LetterState.BOUNCED: "stopped",
    LetterState.UNCERTAIN: "waiting",
}
REASONS = {
    "suppressed": _l("on the suppression list"),
    "refused": _l("the person asked to be left alone"),
    "not_found": _l("not found there"),
    "not_suitable": _l("skipped: not suitable"),
    "wrong_channel": _l("skipped: wrong channel"),
    "finished": _l("the campaign was finished"),
    "too_late": _l("it was of no use any more"),
    "worker_lost": _l("the worker stopped while it was leaving"),
    "forgotten": _l("the person was forgotten"),
}
ENDS = {
    HandEnd.SENT: lazy_pgettext("by hand", "Sent"),
    HandEnd.REPLIED: lazy_pgettext("by hand", "Replied"),
    HandEnd.JOINED: lazy_pgettext("by hand", "Joined"),
    HandEnd.REFUSED: lazy_pgettext("by hand", "Refused"),
    HandEnd.NOT_FOUND: lazy_pgettext("by hand", "Not found"),
    HandEnd.LATER: lazy_pgettext("by hand", "Not now"),
    HandEnd.NOT_SUITABLE: lazy_pgettext("by hand", "Not suitable"),
    HandEnd.WRONG_CHANNEL: lazy_pgettext("by hand", "Wrong channel"),
    HandEnd.OTHER: lazy_pgettext("by hand", "Other"),
}
CHANNELS = {
    "email": lazy_pgettext("channel", "mail"),
    "qq": "QQ",
    "wechat": lazy_pgettext("channel", "WeChat"),
    "weibo": lazy_pgettext("channel", "Weibo"),
    "phone": lazy_pgettext("channel", "phone"),
    "matrix": "Matrix",
    "telegram": "Telegram",
    "github": "GitHub",
}


def reason_word(reason: str | None) -> str:
    """Ours is translated; a mail server's reply stands as it is."""
    return str(REASONS.get(reason, reason)) if reason else ""


def channel_word(channel: str) -> str:
    return str(CHANNELS.get(channel, channel.removeprefix(FORUM_PREFIX)))


def told(touch: Touch) -> str:
    """A touch as a sentence."""
    channel = channel_word(touch.channel)
    if touch.outcome is Outcome.REPLIED:
        return str(_("Wrote to us over %(channel)s", channel=channel))
    if touch.outcome is Outcome.JOINED:
        return str(_("Said yes over %(channel)s", channel=channel))
    if touch.outcome is Outcome.REFUSED:
        return str(_("Asked to be left alone, over %(channel)s", channel=channel))
    if touch.outcome is Outcome.NOT_FOUND:
        return str(_("Not found on %(channel)s", channel=channel))
    if touch.direction is Direction.IN:
        return str(_("Reached us over %(channel)s", channel=channel))
    return str(_("We wrote over %(channel)s", channel=channel))
