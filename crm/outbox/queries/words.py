"""How states, outcomes and reasons are called."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from crm.outbox.models import Touch
from crm.outbox.queries.mail_accounts import MailState
from crm.outbox.rules import Direction, HandEnd, KeyState, LetterState, Outcome, Verdict, held_for
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
    "given_up": _l("staff gave it up: a value was missing"),
    "unreadable": _l("its text cannot be read with its values: look at the wording"),
    "no_campaigns": _l("the person wants no more campaigns"),
    "release_held": _l("its release is on hold: it waits again when that goes on"),
    "rolled_back": _l("its build was taken back"),
    "joined": _l("the person has joined"),
    "replied": _l("the person has replied"),
    "bounced": _l("a letter to this address came back"),
}
PLACES = {
    "name": _l("how the person is called"),
    "programme": _l("the programme's name"),
    "link": _l("the person's own link"),
    "version": _l("the build that the letter is about"),
    "reason": _l("why we did what the letter tells"),
    "unsubscribe_link": _l("the page on which the person can ask to be left alone"),
    "postal_address": _l("the programme's postal address"),
    "answer": _l("what a member of staff answers"),
    "answered": _l("the subject of what they answer"),
}
FALLBACK = '{{ name | default: "there" }}'
"""How a wording says what to write where it has no value."""
KEY_STATES = {
    KeyState.WAITING: lazy_pgettext("key", "waits for its record"),
    KeyState.ACTIVE: lazy_pgettext("key", "signs letters"),
    KeyState.RETIRED: lazy_pgettext("key", "retired"),
}
MAIL_STATES = {
    MailState.SENDS: lazy_pgettext("sender", "sends"),
    MailState.AWAY: lazy_pgettext("sender", "not reached"),
    MailState.SEALED: lazy_pgettext("sender", "password lost"),
    MailState.STOPPED: lazy_pgettext("sender", "stopped"),
    MailState.RETIRED: lazy_pgettext("sender", "given up"),
}
MAIL_TONES = {
    MailState.SENDS: "done",
    MailState.AWAY: "stopped",
    MailState.SEALED: "stopped",
    MailState.STOPPED: "waiting",
}
KEY_TONES = {KeyState.WAITING: "waiting", KeyState.ACTIVE: "done"}
VERDICTS = {
    Verdict.GOOD: lazy_pgettext("record", "in order"),
    Verdict.DOUBTFUL: lazy_pgettext("record", "to be looked at"),
    Verdict.BAD: lazy_pgettext("record", "to be mended"),
    Verdict.MISSING: lazy_pgettext("record", "missing"),
    Verdict.SILENT: lazy_pgettext("record", "not known"),
}
VERDICT_TONES = {
    Verdict.GOOD: "done",
    Verdict.DOUBTFUL: "waiting",
    Verdict.BAD: "stopped",
    Verdict.MISSING: "waiting",
}
FINDINGS = {
    "spf_missing": _l(
        "Nothing says which servers may send for this domain. Set this, and name every server that does."
    ),
    "spf_twice": _l("There are two SPF records, and receivers then heed none. Keep one that names all your servers."),
    "spf_open": _l("It lets every server in the world send for this domain. Let it end in ~all or -all."),
    "spf_endless": _l("It does not say what of other servers. Let it end in ~all or -all."),
    "spf_nobody": _l(
        "It forbids every server to send for this domain, ours too. Name the server that our letters leave by."
    ),
    "spf_no_server": _l(
        "It names no server that may send, so that our letters may look forged. Name the one they leave by."
    ),
    "spf_good": _l(
        "It names servers that may send. Whether the one that our letters leave by is among them was not checked: "
        "the names in it are not looked up."
    ),
    "dkim_missing": _l("The key's record is not there yet. Set it; it may take an hour until everybody sees it."),
    "dkim_other": _l("There is another key under this name: letters signed with ours would fail. Set this instead."),
    "dkim_good": _l("Receivers find the key that we sign with."),
    "dmarc_missing": _l(
        "Large mail providers turn bulk mail without it away. Set this; reports then go to the address in it."
    ),
    "dmarc_twice": _l("There are two DMARC records, and receivers then heed none. Keep one."),
    "dmarc_no_policy": _l("It has no policy (p=none, quarantine or reject), and receivers then ignore it."),
    "dmarc_none": _l("It is there, and asks for reports only. Once they look well, p=quarantine keeps forgers out."),
    "dmarc_quarantine": _l("Forged letters go to the spam folder."),
    "dmarc_reject": _l("Forged letters are turned away."),
    "dns_silent": _l("The DNS could not be asked; this says nothing of the record. Try again, or set DNS_SERVERS."),
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
    if lacks := held_for(reason):
        return str(_("held: no value for %(names)s", names=", ".join(lacks)))
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
