"""The key of a group's room: made, made anew, taken away."""

from __future__ import annotations

from datetime import datetime

from crm.core import journal
from crm.core.db import session
from crm.core.sealed import seal, unseal
from crm.core.tokens import new_secret
from crm.groups.actions.groups import hold
from crm.groups.models import GroupKey
from crm.groups.queries import key_of

PURPOSE = "group-key"


def make_key(group_id: int, at: datetime) -> str:
    """A new key, which is shown this once; one made before signs nothing any more."""
    hold(group_id)
    secret, known = new_secret(), key_of(group_id)
    if known is None:
        session().add(GroupKey(group_id=group_id, sealed=seal(PURPOSE, secret), made_at=at))
    else:
        known.sealed, known.made_at = seal(PURPOSE, secret), at
    session().flush()
    journal.record("make_group_key", f"chat_group:{group_id}", at=at)
    return secret


def drop_key(group_id: int, at: datetime) -> None:
    known = key_of(group_id)
    if known is not None:
        session().delete(known)
        session().flush()
        journal.record("drop_group_key", f"chat_group:{group_id}", at=at)


def read_key(group_id: int) -> str | None:
    """None when the group has none. Raises SealBroken."""
    known = key_of(group_id)
    return unseal(PURPOSE, known.sealed) if known is not None else None
