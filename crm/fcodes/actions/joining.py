"""A friend with a code becomes a tester: tells us who they are, confirms the address, accepts the agreement."""

from __future__ import annotations

from datetime import datetime

from crm.accounts.actions import accept_agreement, use_link
from crm.accounts.actions.joining import confirm_address, person_by_mail, send_way_in
from crm.accounts.rules import LinkKind
from crm.fcodes.actions.redeeming import redeem, refuse_unready, stand_as_recruiter
from crm.fcodes.models import FCode
from crm.fcodes.queries import find
from crm.fcodes.rules import grouped
from crm.people.actions import add_person


def ask_for_place(code: str, name: str, mail: str, language: str, *, at: datetime, now: datetime) -> None:
    """Writes the letter that confirms the address; the code stays good until its link is used.

    `mail` normalised; `now` is the clock's, for the letter and its link. Who is a tester or staff already gets the way
    in instead, and the page looks the same: it tells nobody whom we know. Raises CodeMistyped, NoSuchCode, CodeRefused.
    """
    found = find(code)
    refuse_unready(found, at)
    person = person_by_mail(mail)
    if person is None:
        person = add_person(name, [("email", mail)], at=at, language=language)
        stand_as_recruiter(person.id, found.giver_id, at)
    if not send_way_in(person, at=now):
        confirm_address(person.id, at=now, page=f"/f/{grouped(found.code)}/")


def join_by_code(code: str, secret: str, *, shown: int, at: datetime, now: datetime) -> tuple[int, FCode]:
    """Uses the letter's link, redeems the code and accepts the agreement, of which version `shown` was read: all or
    nothing.

    Returns the person's number and the code. Raises LinkSpent, CodeRefused, OtherVersion.
    """
    person_id = use_link(LinkKind.JOIN, secret, at=now)
    found = redeem(code, person_id, at=at)
    origin_id = stand_as_recruiter(person_id, found.giver_id, at)
    accept_agreement([person_id], at=at, origin_id=origin_id, shown=shown)
    return person_id, found
