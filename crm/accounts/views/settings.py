"""Settings: the programme, its agreement, and the tabs under which every settings page stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from crm.accounts.actions import ProgrammeChange, change_programme, let_time_go_on, publish_agreement
from crm.accounts.forms import ProgrammeForm, zones
from crm.accounts.queries import agreement_versions
from crm.accounts.views import bp
from crm.core import clock, programme
from crm.core.db import session
from crm.core.errors import NotUnderstood
from crm.core.forms import text
from crm.core.guards import May, signed_in, staff
from crm.core.languages import LANGUAGES
from crm.core.offers import NavItem, offers
from crm.core.pages import back, typed
from crm.core.programme import SignUp

NOT_UNDERSTOOD = 422
TABS = (
    NavItem(lazy_gettext("My account"), "accounts.account", order=10, for_testers=True),
    NavItem(lazy_gettext("API tokens"), "accounts.api_tokens", order=20, for_testers=True),
    NavItem(lazy_gettext("Programme"), "accounts.settings_programme", May.SETTINGS, order=30),
    NavItem(lazy_gettext("Staff"), "accounts.staff_list", May.ACCOUNTS, order=40),
    NavItem(lazy_gettext("Agreement"), "accounts.agreement", May.SETTINGS, order=50),
    NavItem(lazy_gettext("Journal"), "accounts.journal_page", May.JOURNAL, order=90),
)


@dataclass(frozen=True)
class Tab:
    label: str
    url: str
    current: bool
    count: None = None


def settings_tabs() -> list[Tab]:
    """The settings pages this viewer may open, other rooms' among them."""
    viewer = g.get("viewer")
    if viewer is None:
        return []
    items = [*TABS, *(item for room in offers() for item in room.settings)]
    seen = [
        item for item in items if (viewer.is_staff or item.for_testers) and (item.may is None or viewer.may(item.may))
    ]
    found = [(str(item.label), url_for(item.endpoint)) for item in sorted(seen, key=lambda item: item.order)]
    return [Tab(label, url, url == request.script_root + request.path) for label, url in found]


bp.app_context_processor(lambda: {"settings_tabs": settings_tabs})


@bp.get("/settings")
@signed_in
def settings() -> Response:
    endpoint = "accounts.settings_programme" if g.viewer.may(May.SETTINGS) else "accounts.account"
    return redirect(url_for(endpoint))


def _programme_page(form: ProgrammeForm, status: int = 200) -> Any:
    return render_template("accounts/programme.html", form=form, zones=zones()), status


@bp.route("/settings/programme", methods=["GET", "POST"])
@staff(May.SETTINGS)
def settings_programme() -> Any:
    made = programme.required()
    form = ProgrammeForm(obj=made, first_language=made.languages[0])
    if not form.is_submitted():
        form.sign_up.data = made.sign_up.value
        return _programme_page(form)
    if not form.validate():
        return _programme_page(form, NOT_UNDERSTOOD)
    change_programme(
        ProgrammeChange(
            name=text(form.name),
            zone=text(form.zone),
            languages=form.languages_in_order(),
            postal_address=text(form.postal_address),
            mail_from=text(form.mail_from),
            sign_up=SignUp(form.sign_up.data),
        ),
        at=clock.now(),
    )
    session().commit()
    flash(gettext("Saved."), "success")
    return redirect(url_for("accounts.settings_programme"))


@bp.route("/settings/agreement", methods=["GET", "POST"])
@staff(May.SETTINGS)
def agreement() -> Any:
    languages = [code for code in programme.required().languages if code in LANGUAGES]
    versions = agreement_versions()
    newest = versions[0].texts if versions else {}
    texts = {code: typed(f"text-{code}", newest.get(code, "")) for code in languages}
    fault, status = "", 200
    if request.method == "POST":
        try:
            return _publish(texts)
        except NotUnderstood as error:
            session().rollback()
            fault, status = str(error), NOT_UNDERSTOOD
    page = render_template("accounts/agreement.html", versions=versions, texts=texts, names=LANGUAGES, fault=fault)
    return page, status


def _publish(texts: dict[str, str]) -> Response:
    missing = [LANGUAGES[code] for code, body in texts.items() if not body.strip()]
    if missing:
        raise NotUnderstood(
            gettext("Write the agreement in every language of the programme: %(missing)s.", missing=", ".join(missing))
        )
    version = publish_agreement({code: body.replace("\r\n", "\n") for code, body in texts.items()}, at=clock.now())
    session().commit()
    flash(gettext("Version %(version)s is published. Who joins from now on accepts it.", version=version), "success")
    return redirect(url_for("accounts.agreement"))


@bp.post("/programme/let-time-go-on")
@staff(May.SETTINGS)
def let_time_go_on_door() -> Response:
    if let_time_go_on(at=clock.now()):
        session().commit()
        flash(gettext("Time goes on: what is due is sent and recomputed from now."), "success")
    return back()
