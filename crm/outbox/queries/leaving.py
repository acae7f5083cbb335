"""Whether letters can leave at all."""

from __future__ import annotations

from typing import Literal

from crm.core import programme
from crm.core.mail import is_mailbox, server
from crm.outbox.queries.rendering import sender_address

Obstacle = Literal["", "no_server", "rehearsal", "no_address"]


def obstacle() -> Obstacle:
    """Why letters reach nobody by mail; empty when they do."""
    url = server()
    if not url:
        return "no_server"
    if is_mailbox(url):
        return "rehearsal"
    return "" if sender_address(programme.required(), None) else "no_address"
