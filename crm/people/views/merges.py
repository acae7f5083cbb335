"""Two people who are one: proposals, merging by hand, and taking a merge back."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import aliased
from werkzeug.wrappers import Response

from crm.core import programme
from crm.core.db import session
from crm.core.guards import May, staff, viewer
from crm.core.paging import SortKey, page
from crm.people import actions
from crm.people.models import Identity, MergeProposal, PeopleImport, Person
from crm.people.offers.conditions import whole_number
from crm.people.queries import matching, person_or_404
from crm.people.rules import ProposalState
from crm.people.views import bp
from crm.people.views.person import to_person

FOUND = 20


@bp.get("/people/proposals")
@staff(May.PEOPLE)
def proposals() -> str:
    first, second = aliased(Person), aliased(Person)
    query = (
        select(MergeProposal.id, MergeProposal.why, MergeProposal.at, PeopleImport.file_name)
        .add_columns(first.id.label("first_id"), first.name.label("first_name"))
        .add_columns(second.id.label("second_id"), second.name.label("second_name"))
        .join(first, first.id == MergeProposal.first_id)
        .join(second, second.id == MergeProposal.second_id)
        .outerjoin(PeopleImport, PeopleImport.id == MergeProposal.import_id)
        .where(MergeProposal.state == ProposalState.OPEN)
    )
    found = page(query, [SortKey(MergeProposal.id)], after=request.args.get("after"), before=request.args.get("before"))
    people = {number for row in found.rows for number in (row.first_id, row.second_id)}
    return render_template("people/proposals.html", page=found, identities=_identities(people))


def _identities(person_ids: set[int]) -> dict[int, list[str]]:
    rows = session().scalars(
        select(Identity).where(Identity.person_id.in_(person_ids)).order_by(Identity.kind, Identity.value)
    )
    told: dict[int, list[str]] = {}
    for one in rows:
        told.setdefault(one.person_id, []).append(one.written)
    return told


@bp.post("/people/proposals/<int:proposal_id>/merge")
@staff(May.PEOPLE)
def accept(proposal_id: int) -> Response:
    keep_id = whole_number(request.form.get("keep", ""))
    actions.accept_proposal(proposal_id, keep_id, at=programme.moment(), by_id=viewer().person_id)
    session().commit()
    flash(_("The two are one person now."), "success")
    return redirect(url_for("people.proposals"))


@bp.post("/people/proposals/<int:proposal_id>/reject")
@staff(May.PEOPLE)
def reject(proposal_id: int) -> Response:
    actions.reject_proposal(proposal_id, at=programme.moment(), by_id=viewer().person_id)
    session().commit()
    flash(_("They stay two people, and are not proposed again."), "success")
    return redirect(url_for("people.proposals"))


@bp.route("/people/<int:person_id>/merge", methods=["GET", "POST"])
@staff(May.PEOPLE)
def merge_with(person_id: int) -> Any:
    """GET finds the other person, POST merges."""
    person = person_or_404(person_id)
    if request.method == "POST":
        keep, lose = (whole_number(request.form.get(name, "")) for name in ("keep", "lose"))
        made = actions.merge(keep, lose, at=programme.moment(), by_id=viewer().person_id)
        session().commit()
        flash(_("The two are one person now."), "success")
        return to_person(made.keep_id)
    wanted = request.args.get("q", "").strip()
    found: list[Person] = []
    if wanted:
        query = matching({"q": wanted}, programme.moment()).where(Person.id != person.id).limit(FOUND)
        found = list(session().scalars(select(Person).where(Person.id.in_(query)).order_by(Person.name, Person.id)))
    told = _identities({person.id, *(one.id for one in found)})
    return render_template("people/merge.html", person=person, q=wanted, found=found, identities=told)


@bp.post("/people/merges/<int:merge_id>/undo")
@staff(May.PEOPLE)
def undo_merge(merge_id: int) -> Response:
    undone = actions.unmerge(merge_id, at=programme.moment())
    session().commit()
    flash(_("They are two people again."), "success")
    return to_person(undone.lose_id)
