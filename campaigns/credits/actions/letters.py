"""What this room writes to testers: one asks for their consent, one reminds, two tell what staff did with their name.

The texts stand in templates/credits/letters/, a file for each language, the subject in its first line.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import select

from campaigns.credits.queries import my_name_token
from campaigns.credits.rules.asking import Asking
from crm.accounts.queries import is_tester
from crm.core import programme
from crm.core.bulk import among
from crm.core.db import session
from crm.core.languages import LANGUAGES
from crm.core.tokens import new_secret, whole_address
from crm.outbox.actions import NewLetter, plan_letters, put_wording, write_letter
from crm.outbox.queries.wordings import in_language
from crm.outbox.rules import Channel, Lane
from crm.people.models import Person
from crm.people.queries import addresses, suppressed

TEXTS = Path(__file__).resolve().parents[1] / "templates" / "credits" / "letters"
HIDDEN, SHOWN = "credits.name_hidden", "credits.name_shown"


@lru_cache(maxsize=32)
def text_of(key: str, language: str) -> tuple[str, str]:
    """Subject and body."""
    text = (TEXTS / f"{key.partition('.')[2]}.{language}.txt").read_text("utf-8")
    subject, _blank, body = text.split("\n", 2)
    return subject, body


def _wordings(key: str, at: datetime) -> dict[str, int]:
    return {language: put_wording(key, language, *text_of(key, language), at) for language in LANGUAGES}


def _link(person_id: int) -> str:
    return whole_address(f"/n/{my_name_token(person_id)}")


def write_round(asking: Asking, person_ids: Sequence[int], at: datetime) -> int:
    """A letter for each who has a mail address and has not had it yet; returns how many are new."""
    wordings = _wordings(asking, at)
    known = programme.required()
    mail = addresses(person_ids, "email")
    people = session().execute(select(Person.id, Person.name, Person.language).where(among(Person.id, list(mail))))
    letters = [
        NewLetter(
            person_id=person_id,
            occasion=asking.value,
            channel=Channel.MAIL,
            lane=Lane.NOTICE,
            wording_id=in_language(wordings, language, known.languages),
            values={"name": name or f"#{person_id}", "programme": known.name, "link": _link(person_id)},
            identity_kind="email",
            identity_value=mail[person_id],
        )
        for person_id, name, language in people
    ]
    return plan_letters(letters, at)


def tell(key: str, person_id: int, at: datetime, reason: str = "") -> bool:
    """Tells a tester what staff did with their name, each time anew. Whether a letter is on its way to them."""
    if not is_tester(person_id) or suppressed([person_id]):
        return False
    _wordings(key, at)
    person = session().get_one(Person, person_id)
    values = {"name": person.shown, "programme": programme.required().name, "link": _link(person_id), "reason": reason}
    occasion = f"{key}:{new_secret()[:16]}"
    return write_letter(person_id, occasion, key, values, lane=Lane.NOTICE, at=at) is not None
