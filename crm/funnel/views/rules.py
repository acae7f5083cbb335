"""The published rules, and publishing others after trying them on everybody."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from crm.core import programme, weeks
from crm.core.db import session, writing
from crm.core.errors import Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff, viewer
from crm.funnel import actions
from crm.funnel.actions.rule_sets import ensure_rules
from crm.funnel.forms import RulesForm
from crm.funnel.models import RuleSet
from crm.funnel.queries.ground import counted_weeks, ground, rule_sets
from crm.funnel.queries.trying import try_rules
from crm.funnel.views import bp
from crm.funnel.views.reports import people_url

NOTICE_WEEKS = 2


def _known() -> list[RuleSet]:
    found = rule_sets()
    if not found:
        with writing():
            ensure_rules(programme.moment())
            session().commit()
        found = rule_sets()
    return found


@bp.get("/settings/rules")
@staff(May.SEE)
def rules() -> str:
    known = _known()
    holding = ground(counted_weeks(programme.moment())).latest.version
    return render_template("funnel/rules.html", sets=list(reversed(known)), holding=holding)


@bp.get("/settings/rules/new")
@staff(May.RULES)
def new_rules() -> str:
    newest = _known()[-1]
    form = RulesForm(formdata=None, obj=newest)
    at = programme.moment()
    form.effective_on.data = weeks.monday(weeks.week_of(at, programme.required().tz) + 1 + NOTICE_WEEKS)
    return render_template("funnel/new_rules.html", form=form, tried=None)


@bp.post("/settings/rules/new")
@staff(May.RULES)
def publish_rules() -> Any:
    """Tries the rules first; publishes them when the form comes back with the button that says so."""
    form, at = RulesForm(), programme.moment()
    if not form.validate_on_submit():
        return render_template("funnel/new_rules.html", form=form, tried=None)
    if request.form.get("do") != "publish":
        tried = try_rules(form.rules(), at)
        people = [{"id": number, "name": name, "url": _person(number)} for number, name in tried.names()]
        return render_template("funnel/new_rules.html", form=form, tried=tried, people=people)
    effective_on = form.effective_on.data
    assert effective_on is not None
    try:
        made = actions.publish(form.rules(), effective_on, at=at, by_id=viewer().person_id)
    except Refusal as refusal:
        session().rollback()
        refuse(form.effective_on, str(refusal))
        return render_template("funnel/new_rules.html", form=form, tried=None)
    session().commit()
    flash(_("Rule %(version)s is published.", version=made.version), "success")
    return redirect(url_for("funnel.rules"))


def _person(person_id: int) -> str | None:
    listing = people_url()
    return url_for("directory.person", person_id=person_id) if listing is not None else None
