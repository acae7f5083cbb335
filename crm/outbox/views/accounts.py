"""Our accounts in forums, QQ, WeChat ...: the list, one of them with its seeding log, making and changing."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its types

from crm.core import programme
from crm.core.db import session
from crm.core.errors import NotUnderstood, Refusal
from crm.core.forms import refuse, text
from crm.core.guards import May, staff, viewer
from crm.outbox.actions import (
    AccountDraft,
    NewPost,
    add_post,
    add_posts,
    remove_post,
    save_account,
    set_account_active,
    set_account_users,
)
from crm.outbox.actions.posts_csv import MOST_BYTES, read_posts, write_posts
from crm.outbox.forms import AccountForm, PostForm, PostsForm
from crm.outbox.queries.accounts import Account, account_or_404, accounts, names_of, posts_of, staff_choices, zone_of
from crm.outbox.queries.words import CHANNELS, channel_word
from crm.outbox.views import bp
from crm.people.rules import FORUM_PREFIX

FORUM = "forum"
MOST_SHOWN = 200


@bp.get("/outreach/accounts")
@staff(May.OUTREACH)
def accounts_page() -> str:
    rows = accounts(programme.moment())
    names = names_of({one for row in rows for one in row.users})
    return render_template("outbox/accounts.html", rows=rows, names=names, channel_word=channel_word)


def _form(known: Account | None) -> AccountForm:
    start: dict[str, Any] = {"zone": programme.required().zone, "channel": FORUM}
    if known is not None:
        names = ("name", "level", "per_day", "needs_level", "needs_posts", "address")
        start = {name: getattr(known.sender, name) for name in names}
        start |= {"zone": known.sender.zone or programme.required().zone, "users": sorted(known.users)}
        is_forum = known.sender.channel.startswith(FORUM_PREFIX)
        start |= {
            "channel": FORUM if is_forum else known.sender.channel,
            "forum": known.sender.channel.removeprefix(FORUM_PREFIX) if is_forum else "",
        }
    form = AccountForm(data=start)
    kinds = [(kind, word) for kind, word in CHANNELS.items() if kind != "email"]
    form.channel.choices = [SelectChoice(FORUM, _("a forum")), *(SelectChoice(kind, word) for kind, word in kinds)]
    form.users.choices = [SelectChoice(number, name) for number, name in staff_choices()]
    return form


def _draft(form: AccountForm) -> AccountDraft:
    channel = form.channel.data or ""
    if channel == FORUM:
        site = text(form.forum).removeprefix("https://").removeprefix("http://").strip("/").casefold()
        channel = FORUM_PREFIX + site
    return AccountDraft(
        name=text(form.name),
        channel=channel,
        level=form.level.data,
        per_day=form.per_day.data,
        zone=text(form.zone) or None,
        needs_level=form.needs_level.data,
        needs_posts=form.needs_posts.data,
        address=text(form.address),
    )


def _edited(known: Account | None) -> Any:
    form, at = _form(known), programme.moment()
    if form.validate_on_submit():
        try:
            saved = save_account(known.sender.id if known else None, _draft(form), at=at)
            if viewer().may(May.ACCOUNTS):
                set_account_users(saved.id, form.users.data or [], at=at)
        except Refusal as refusal:
            session().rollback()
            refuse(form.forum if form.channel.data == FORUM and not form.forum.data else form.name, str(refusal))
        else:
            session().commit()
            flash(_("Saved."), "success")
            return redirect(url_for("outbox.account", sender_id=saved.id))
    return render_template("outbox/account_form.html", form=form, known=known)


@bp.route("/outreach/accounts/new", methods=["GET", "POST"])
@staff(May.OUTREACH)
def new_account() -> Any:
    return _edited(None)


@bp.route("/outreach/accounts/<int:sender_id>/edit", methods=["GET", "POST"])
@staff(May.OUTREACH)
def edit_account(sender_id: int) -> Any:
    return _edited(account_or_404(sender_id, programme.moment()))


def _shown(sender_id: int, form: PostForm | None = None, upload: PostsForm | None = None) -> str:
    found, today = account_or_404(sender_id, programme.moment()), _today(sender_id)
    is_forum = found.sender.channel.startswith(FORUM_PREFIX)
    start = {"posted_on": today, "forum": found.sender.channel.removeprefix(FORUM_PREFIX) if is_forum else ""}
    return render_template(
        "outbox/account.html",
        account=found,
        channel=channel_word(found.sender.channel),
        names=names_of(found.users),
        posts=posts_of(sender_id, MOST_SHOWN),
        most=MOST_SHOWN,
        form=form or PostForm(data=start, formdata=None),
        upload=upload or PostsForm(formdata=None),
    )


def _today(sender_id: int) -> Any:
    at = programme.moment()
    return at.astimezone(zone_of(account_or_404(sender_id, at).sender)).date()


@bp.get("/outreach/accounts/<int:sender_id>")
@staff(May.OUTREACH)
def account(sender_id: int) -> str:
    return _shown(sender_id)


def _done(sender_id: int, message: str) -> Response:
    session().commit()
    flash(message, "success")
    return redirect(url_for("outbox.account", sender_id=sender_id))


@bp.post("/outreach/accounts/<int:sender_id>/stop")
@staff(May.OUTREACH)
def stop_account(sender_id: int) -> Response:
    set_account_active(sender_id, False, at=programme.moment())
    return _done(sender_id, _("Stopped: nobody writes from this account."))


@bp.post("/outreach/accounts/<int:sender_id>/resume")
@staff(May.OUTREACH)
def resume_account(sender_id: int) -> Response:
    set_account_active(sender_id, True, at=programme.moment())
    return _done(sender_id, _("This account is used again."))


@bp.post("/outreach/accounts/<int:sender_id>/posts")
@staff(May.OUTREACH)
def log_post(sender_id: int) -> Any:
    form = PostForm()
    if form.validate_on_submit():
        day = form.posted_on.data or _today(sender_id)
        post = NewPost(day, text(form.forum), text(form.link), text(form.note), form.level_after.data)
        try:
            add_post(sender_id, post, today=_today(sender_id), at=programme.moment(), by_id=viewer().person_id)
        except Refusal as refusal:
            session().rollback()
            refuse(form.posted_on, str(refusal))
        else:
            return _done(sender_id, _("The post is in the log."))
    return _shown(sender_id, form), 422


@bp.post("/outreach/accounts/<int:sender_id>/posts/import")
@staff(May.OUTREACH)
def import_posts(sender_id: int) -> Any:
    form = PostsForm()
    try:
        if not form.validate_on_submit() or not form.file.data:
            raise NotUnderstood(_("Choose a CSV file."))
        posts = read_posts(form.file.data.read(MOST_BYTES + 1))
        at = programme.moment()
        new, known = add_posts(sender_id, posts, today=_today(sender_id), at=at, by_id=viewer().person_id)
    except Refusal as refusal:
        session().rollback()
        refuse(form.file, str(refusal))
        return _shown(sender_id, upload=form), 422
    return _done(sender_id, _("%(new)s posts are new, %(known)s were known.", new=new, known=known))


@bp.get("/outreach/accounts/<int:sender_id>/posts.csv")
@staff(May.OUTREACH)
def export_posts(sender_id: int) -> Response:
    account_or_404(sender_id, programme.moment())
    headers = {"Content-Disposition": f'attachment; filename="seeding-log-{sender_id}.csv"'}
    return Response(write_posts(posts_of(sender_id)), mimetype="text/csv", headers=headers)


@bp.post("/outreach/accounts/<int:sender_id>/posts/<int:post_id>/remove")
@staff(May.OUTREACH)
def drop_post(sender_id: int, post_id: int) -> Response:
    remove_post(sender_id, post_id, at=programme.moment())
    return _done(sender_id, _("The post is out of the log."))
