"""The page behind an invite link: for one person alone, it leads into a group or to the tester agreement."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from campaigns.outreach.actions.planning import INVITATION
from campaigns.outreach.queries import campaign_or_404
from campaigns.outreach.views import bp
from crm.accounts.actions import make_link, note_guess, refuse_guessing
from crm.accounts.queries import is_tester
from crm.accounts.rules import LINK_PAGES, LinkKind
from crm.core import clock
from crm.core.db import session, writing
from crm.core.errors import NotAllowed
from crm.core.guards import by_link
from crm.core.languages import speak_to
from crm.core.tokens import read
from crm.groups.actions import ask_place
from crm.groups.models import Group
from crm.groups.queries import fillings, group_of, number_on_the_list, place_of
from crm.groups.rules import PlaceState, way_in
from crm.invites.actions import make_invites, note_opening, note_said_joined
from crm.invites.models import Invite
from crm.invites.queries import by_code, qr_picture
from crm.invites.rules import GUESS_WINDOW, GUESSES_PER_ADDRESS, guesser, is_opening, tidy_code
from crm.outbox.queries.words import channel_word
from crm.people.models import Person
from crm.people.queries import person_or_404

GUESS = "invite-guess"
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


def _signed(token: str) -> Invite | None:
    """The long links of earlier letters: they lead to the person's short one, which is made here if it must be."""
    try:
        found = read(INVITATION, token)
    except NotAllowed:
        return None
    if not (isinstance(found, list) and len(found) == 2):
        return None
    campaign, person = campaign_or_404(found[0]), person_or_404(found[1])
    with writing():
        code = make_invites(campaign.origin_id, [(person.id, "", None)], clock.now())[person.id]
        session().commit()
    return by_code(code)


def _invited(token: str) -> tuple[Invite, Person]:
    """Raises NotAllowed for a link that nobody has, TooManyTries after too many of them from one network."""
    at, address = clock.now(), guesser(request.remote_addr or "")
    refuse_guessing(GUESS, address, limit=GUESSES_PER_ADDRESS, window=GUESS_WINDOW, at=at)
    code = tidy_code(token)
    invite = by_code(code) if code else _signed(token)
    if invite is None:
        with writing():
            note_guess(GUESS, address, at=at)
            session().commit()
        raise NotAllowed(_("This link is not valid: copy it whole, or ask for a new one."))
    person = person_or_404(invite.person_id)
    speak_to(person.language)
    return invite, person


@bp.get("/i/<token>")
@by_link
def invitation(token: str) -> Any:
    invite, person = _invited(token)
    if is_opening(request.method, dict(request.headers)):
        invite_id, person_id = invite.id, person.id
        with writing():
            note_opening(invite_id, clock.now())
            session().commit()
        invite, person = session().get_one(Invite, invite_id), session().get_one(Person, person_id)
    answer = make_response(render_template("outreach/invitation.html", token=token, **_shown(invite, person)))
    answer.headers.update(HEADERS)
    return answer


def _shown(invite: Invite, person: Person) -> dict[str, Any]:
    """Where the person is on the way in: in a group, with a place held, waiting, or before all of it."""
    place, inside = place_of(person.id), group_of(person.id)
    group = inside
    if group is None and place is not None and place.state is PlaceState.HELD:
        group = session().get(Group, place.group_id)
    link = way_in(group.kind, group.address) if group is not None else None
    open_groups = fillings() if group is None else []
    return {
        "person": person,
        "invite": invite,
        "is_tester": is_tester(person.id),
        "is_inside": inside is not None,
        "place": place,
        "group": group,
        "kind": channel_word(group.kind) if group is not None else "",
        "link": link,
        "qr": qr_picture(link) if link else None,
        "number": number_on_the_list(place) if place is not None and place.state is PlaceState.WAITING else 0,
        "has_groups": bool(open_groups),
        "has_room": any(one.free for one in open_groups),
    }


def _pressed(token: str) -> tuple[Invite, Person]:
    """Somebody pressed a button on the page: no machine that only looks at links does that."""
    invite, person = _invited(token)
    if invite.first_opened_at is None:
        note_opening(invite.id, clock.now())
    return invite, person


@bp.post("/i/<token>/place")
@by_link
def ask_for_place(token: str) -> Response:
    invite, person = _pressed(token)
    if group_of(person.id) is None:
        ask_place(person.id, at=clock.now(), invite_id=invite.id)
    session().commit()
    return redirect(url_for("outreach.invitation", token=token))


@bp.post("/i/<token>/joined")
@by_link
def say_joined(token: str) -> Response:
    """A note for staff; the stay itself comes from the room, or from them."""
    invite, _person = _pressed(token)
    note_said_joined(invite.id, clock.now())
    session().commit()
    flash(_("Thank you. You count as a member as soon as the room shows you."), "success")
    return redirect(url_for("outreach.invitation", token=token))


@bp.post("/i/<token>")
@by_link
def accept_invitation(token: str) -> Response:
    """The letter reached them where we know them, so its link proves as much as one of ours to that address.

    It never opens an account that is there already: who is a tester, or one of us, signs in as always.
    """
    _invite, person = _pressed(token)
    if is_tester(person.id) or person.is_staff:
        session().commit()
        return redirect(url_for("accounts.sign_in"))
    secret = make_link(LinkKind.JOIN, person.id, at=clock.now())
    session().commit()
    return redirect(LINK_PAGES[LinkKind.JOIN] + secret)
