"""The schedules of trains."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from campaigns.releases.actions import (
    StillPlanned,
    change_train,
    course_of,
    create_train,
    prepare_weeks,
    version_of,
)
from campaigns.releases.forms import ScheduleForm, TrainForm
from campaigns.releases.queries import first_gate, train_or_404
from campaigns.releases.rules import Course
from campaigns.releases.views import bp
from crm.core import programme
from crm.core.db import session
from crm.core.errors import Refusal
from crm.core.forms import refuse
from crm.core.guards import May, staff


@bp.route("/trains/new", methods=["GET", "POST"])
@staff(May.RELEASES)
def new_train() -> Any:
    form, gate = TrainForm(data={"zone": programme.required().zone}), first_gate()
    form.offer(Course(gate=gate))
    if form.validate_on_submit():
        at = programme.moment()
        try:
            schedule = form.schedule
            create_train(
                form.name.data or "",
                form.platform.data,
                schedule.weekday,
                schedule.local_time,
                schedule.zone,
                at=at,
                course=form.course,
            )
            prepare_weeks(at)
            session().commit()
            flash(_("The train is laid: give its releases their builds."), "success")
            return redirect(url_for("releases.listing"))
        except Refusal as error:
            session().rollback()
            refuse(form.name, str(error))
    return render_template("releases/train.html", form=form, train=None, heard=gate.ran_percent is not None)


@bp.route("/trains/<int:train_id>/edit", methods=["GET", "POST"])
@staff(May.RELEASES)
def edit_train(train_id: int) -> Any:
    train = train_or_404(train_id)
    form, now = ScheduleForm(obj=train), version_of(train)
    form.offer(course_of(train))
    seen, form.seen.data = form.seen.data, now
    if form.validate_on_submit():
        if seen and seen != now:
            told = _(
                "Somebody else has changed this train meanwhile: look at it in another window, then save what holds."
            )
            form.form_errors.append(told)
            return render_template("releases/train.html", form=form, train=train), 409
        at = programme.moment()
        try:
            change_train(
                train_id,
                weekday=form.schedule.weekday,
                local_time=form.schedule.local_time,
                zone=form.schedule.zone,
                active=form.active.data,
                at=at,
                course=form.course,
            )
            prepare_weeks(at)
            session().commit()
            flash(_("The train is saved."), "success")
            return redirect(url_for("releases.listing"))
        except StillPlanned as error:
            session().rollback()
            refuse(form.weekday, str(error))
        except Refusal as error:
            session().rollback()
            refuse(form.shares, str(error))
    return render_template("releases/train.html", form=form, train=train)
