"""How kinds of mail and faults of mailboxes are called."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_pgettext

from crm.core.mailboxes import Fault
from crm.inbound.rules import IncomingKind

KINDS = {
    IncomingKind.REPLY: lazy_pgettext("incoming", "answer"),
    IncomingKind.HARD_BOUNCE: lazy_pgettext("incoming", "came back for good"),
    IncomingKind.SOFT_BOUNCE: lazy_pgettext("incoming", "came back for now"),
    IncomingKind.DELAYED: lazy_pgettext("incoming", "delayed"),
    IncomingKind.COMPLAINT: lazy_pgettext("incoming", "complaint"),
    IncomingKind.UNSUBSCRIBED: lazy_pgettext("incoming", "unsubscribed"),
    IncomingKind.DELIVERED: lazy_pgettext("incoming", "delivered"),
    IncomingKind.AUTO_REPLY: lazy_pgettext("incoming", "automatic answer"),
    IncomingKind.OTHER: lazy_pgettext("incoming", "from nobody we know"),
    IncomingKind.UNREADABLE: lazy_pgettext("incoming", "cannot be read"),
}
TONES = {
    IncomingKind.REPLY: "going",
    IncomingKind.HARD_BOUNCE: "stopped",
    IncomingKind.COMPLAINT: "stopped",
    IncomingKind.UNSUBSCRIBED: "stopped",
    IncomingKind.SOFT_BOUNCE: "waiting",
    IncomingKind.DELAYED: "waiting",
    IncomingKind.DELIVERED: "done",
}


def fault_sentence(fault: str | None, host: str, port: int, folder: str) -> str:
    """What is wrong with a mailbox, and what to do."""
    words = {
        Fault.UNREACHABLE: _(
            "Nobody answers at %(host)s, port %(port)s. Check both, and whether this machine may reach it.",
            host=host, port=port,
        ),
        Fault.TLS: _("The encrypted connection failed. Check the kind of encryption, and the server's certificate."),
        Fault.LOGIN: _(
            "The server did not accept user and password. Some providers want a password made for programs."
        ),
        Fault.FOLDER: _("There is no folder “%(folder)s” there. The first one is called INBOX.", folder=folder),
        Fault.BROKE_OFF: _("The server broke off in the middle. What was not read yet is read at the next try."),
        Fault.SEAL: _("The password can no longer be opened, because SECRET_KEY has changed: type it anew."),
    }  # fmt: skip
    return str(words[Fault(fault)]) if fault else ""
