"""A domain's keys: made, used once their record is in the DNS, followed by the next."""

from __future__ import annotations

from datetime import datetime
from itertools import chain, count
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from crm.core import journal
from crm.core.db import session
from crm.core.dkim import Algorithm, new_key, record
from crm.core.errors import MoveRefused
from crm.core.sealed import seal
from crm.outbox.models import DkimKey
from crm.outbox.queries.keys import PURPOSE, domain_or_404, key_or_404
from crm.outbox.rules import KEY_MOVES, KeyState


def _new_selector(domain: str, at: datetime) -> str:
    taken = set(session().scalars(select(DkimKey.selector).where(DkimKey.domain == domain)))
    stem = f"seedbed-{at:%Y%m%d}"
    return next(name for name in chain([stem], (f"{stem}-{n}" for n in count(2))) if name not in taken)


def make_key(domain: str, algorithm: Algorithm, at: datetime) -> DkimKey:
    """Waits until its record is in the DNS. Raises NotThere for a domain that no letter comes from."""
    domain_or_404(domain)
    pem = new_key(algorithm)
    made = DkimKey(
        domain=domain,
        selector=_new_selector(domain, at),
        algorithm=algorithm,
        state=KeyState.WAITING,
        sealed=seal(PURPOSE, pem),
        record=record(pem),
        created_at=at,
    )
    session().add(made)
    session().flush()
    _tell("make", made, at)
    return made


def _tell(what: str, key: DkimKey, at: datetime) -> None:
    told = {"domain": key.domain, "selector": key.selector, "algorithm": key.algorithm}
    journal.record(f"dkim_key.{what}", f"dkim_key:{key.id}", at=at, after=told)


def _move(key: DkimKey, to: KeyState, **values: Any) -> None:
    sources = [state for state, moves in KEY_MOVES.items() if to in moves]
    moved = session().scalar(
        update(DkimKey)
        .where(DkimKey.id == key.id, DkimKey.state.in_(sources))
        .values(state=to, **values)
        .returning(DkimKey.id)
        .execution_options(synchronize_session=False)
    )
    if moved is None:
        raise MoveRefused(_("This key has moved on in the meantime: reload the page to see where it is."))
    session().refresh(key)


def use_key(key_id: int, at: datetime) -> DkimKey:
    """Letters of its domain are signed with it from now on, instead of with the one before. Raises MoveRefused."""
    key = key_or_404(key_id)
    same = [DkimKey.domain == key.domain, DkimKey.algorithm == key.algorithm, DkimKey.state == KeyState.ACTIVE]
    for before in session().scalars(select(DkimKey).where(*same, DkimKey.id != key_id)).all():
        _move(before, KeyState.RETIRED, retired_at=at)
    _move(key, KeyState.ACTIVE, activated_at=at)
    _tell("use", key, at)
    return key


def retire_key(key_id: int, at: datetime) -> DkimKey:
    """Nothing is signed with it any more; its record should stay for a week, for letters on their way."""
    key = key_or_404(key_id)
    _move(key, KeyState.RETIRED, retired_at=at)
    _tell("retire", key, at)
    return key
