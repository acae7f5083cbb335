"""Whether letters can leave at all."""

from __future__ import annotations

from typing import Literal

from crm.core import programme
from crm.core.mail import is_mailbox, server
from crm.outbox.queries.rendering import sender_address
from crm.outbox.queries.ways import stand_in

Obstacle = Literal["", "no_server", "rehearsal", "no_address", "no_postal_address"]


def nowhere_to() -> Literal["", "no_server", "rehearsal"]:
    """Why nothing at all leaves this machine, not even what somebody asked for; empty when something can."""
    url = server()
    if not url and stand_in() is None:
        return "no_server"
    return "rehearsal" if is_mailbox(url) else ""


def lacks_postal_address() -> bool:
    """Then nothing leaves but what somebody has just asked for: each letter to others tells where we are."""
    known = programme.current()
    return known is not None and not known.postal_address.strip()


def obstacle() -> Obstacle:
    """Why letters reach nobody by mail, or none but those that somebody asked for; empty when they do."""
    why = nowhere_to()
    if why == "no_server":
        return why
    if not why and not sender_address(programme.required(), stand_in()):
        return "no_address"
    return "no_postal_address" if lacks_postal_address() else why
