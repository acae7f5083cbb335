"""Whether letters can leave at all."""

from __future__ import annotations

from typing import Literal

from crm.core import programme
from crm.core.mail import is_mailbox, server
from crm.outbox.queries.rendering import sender_address
from crm.outbox.queries.ways import stand_in

Obstacle = Literal["", "no_server", "rehearsal", "no_address"]


def obstacle() -> Obstacle:
    """Why letters reach nobody by mail; empty when they do."""
    url, substitute = server(), stand_in()
    if not url and substitute is None:
        return "no_server"
    if is_mailbox(url):
        return "rehearsal"
    return "" if sender_address(programme.required(), substitute) else "no_address"
