"""The letter of a release before it leaves: staff see it as its reader will."""

from __future__ import annotations

from datetime import time

from flask.testing import FlaskClient

from campaigns.releases.actions import change_train, freeze_release, open_release
from campaigns.releases.models import Release, Train
from campaigns.releases.rules import Course, Notify, Step, WaveKind
from crm.builds.actions import write_notes
from crm.builds.models import Build
from crm.core.db import session
from crm.core.web import LETTER_CSP
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import NOW, OPENS

NOTES = {"zh": "# 通话\n- **更响**", "en": "# Calls\n- **louder** {{ x }}"}


def test_staff_see_the_letter_as_its_reader_will_in_each_language(
    lins_browser: FlaskClient, release: Release, build: Build, lin: Person, ada: Person
) -> None:
    make.tester("Eve", language="en")
    write_notes(build.id, NOTES, {}, at=NOW)
    freeze_release(release.id, NOW)
    session().commit()
    page = lins_browser.get(f"/releases/{release.id}").text
    assert "Orange Friday: 5.1 is here" in page
    assert "**" not in page, "the letter's words stand in its frame"
    for language, name, words in (("en", "Eve", "<strong>louder</strong>"), ("zh", "Ada", "<strong>更响</strong>")):
        address = f"/releases/{release.id}/letter/{language}"
        assert address in page
        letter = lins_browser.get(address)
        assert letter.headers["Content-Security-Policy"] == LETTER_CSP, "nothing in it leads anywhere"
        assert name in letter.text
        assert words in letter.text
        assert "{{ name }}" not in letter.text
        assert "{{ link }}" not in letter.text


def test_without_a_tester_the_letter_is_read_to_who_looks_at_it(
    lins_browser: FlaskClient, release: Release, lin: Person
) -> None:
    session().commit()
    assert "Lin" in lins_browser.get(f"/releases/{release.id}/letter/en").text


def test_there_is_no_letter_to_look_at_in_another_language_or_once_it_has_left(
    lins_browser: FlaskClient, release: Release, ada: Person
) -> None:
    session().commit()
    assert lins_browser.get(f"/releases/{release.id}/letter/fr").status_code == 404
    open_release(release.id, OPENS)
    session().commit()
    assert lins_browser.get(f"/releases/{release.id}/letter/en").status_code == 404


def test_a_wave_that_writes_in_all_languages_shows_that_letter(
    lins_browser: FlaskClient, release: Release, train: Train, ada: Person
) -> None:
    steps = [Step(WaveKind.STAFF, Notify.NONE), Step(WaveKind.EVERYBODY, Notify.ALL_LANGUAGES)]
    change_train(
        train.id, weekday=4, local_time=time(17), zone="Asia/Shanghai", active=True, at=NOW, course=Course(steps=steps)
    )
    session().commit()
    page = lins_browser.get(f"/releases/{release.id}").text
    assert f"/releases/{release.id}/letter/all" in page
    assert f"/releases/{release.id}/letter/en" not in page, "nobody gets that one"
    letter = lins_browser.get(f"/releases/{release.id}/letter/all").text
    assert "新的锁屏" in letter
    assert "A new lock screen" in letter
