"""The limits, and the secret of whoever reports mail to us."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from crm.core import journal
from crm.core.db import session
from crm.core.sealed import SealBroken, seal, unseal
from crm.core.tokens import new_secret
from crm.inbound.models import Limits
from crm.inbound.queries import limits

PURPOSE = "mail-events"
SUBJECT = "inbound_limits:1"


def _kept() -> Limits:
    found = limits()
    if found not in session():
        session().add(found)
        session().flush()
    return found


def set_limits(values: Mapping[str, int], at: datetime) -> None:
    kept = _kept()
    before = {name: getattr(kept, name) for name in values}
    for name, value in values.items():
        setattr(kept, name, value)
    session().flush()
    journal.record("inbound.limits", SUBJECT, at=at, before=before, after=dict(values))


def new_hook_secret(at: datetime) -> str:
    """The one before it opens nothing any more."""
    secret = new_secret()
    _kept().sealed_hook_secret = seal(PURPOSE, secret)
    session().flush()
    journal.record("inbound.new_hook_secret", SUBJECT, at=at)
    return secret


def close_hook(at: datetime) -> None:
    _kept().sealed_hook_secret = None
    session().flush()
    journal.record("inbound.close_hook", SUBJECT, at=at)


def hook_secret() -> str | None:
    sealed = limits().sealed_hook_secret
    try:
        return unseal(PURPOSE, sealed) if sealed else None
    except SealBroken:
        return None
