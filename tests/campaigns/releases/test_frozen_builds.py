"""What a release was frozen with is what its letter, its page, My build and every feed say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import time
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from campaigns.releases.actions import (
    cancel_release,
    change_release,
    create_train,
    freeze_release,
    hold_release,
    open_release,
    plan_again,
    plan_release,
    resume_release,
    roll_back,
)
from campaigns.releases.models import Release, Train
from campaigns.releases.queries import page_token
from campaigns.releases.rules import mark
from crm.builds.actions import NotesFixed, keep_file, register_build, write_notes
from crm.builds.actions.feeds import make_feed_key
from crm.builds.models import Build, FixedNotes
from crm.builds.queries import artefacts_of, files_fixed_for, notes_fixed_for, notes_of
from crm.builds.queries.feeds import feed_token
from crm.core.db import disconnect, session, start_writing
from crm.core.errors import MoveRefused
from crm.outbox.models import Wording
from crm.people.models import Person
from tests import make
from tests.campaigns.releases.cast import NOW, OPENS, WEEK
from tests.databases import waits

OTHER = {"notes_en": "Second thoughts", "notes_zh": "", "to_test_en": "Unlock it twice"}


def test_where_a_tester_reads_them_they_are_those_of_the_freeze(
    lins_browser: FlaskClient, adas_browser: FlaskClient, release: Release, build: Build, ada: Person
) -> None:
    ada.language = "en"
    keep_file(build.id, BytesIO(b"PK 5.1"), "orange-5.1.apk", at=NOW)
    freeze_release(release.id, NOW)
    session().commit()
    page = f"/builds/{build.id}"
    told = lins_browser.get(page).text
    assert "Orange Friday 2026-W23 goes out with these notes" in told
    assert "Edit the notes" not in told
    assert lins_browser.get(f"{page}/notes").location.endswith(page)
    refused = lins_browser.post(f"{page}/notes", data=OTHER)
    assert refused.status_code == 409
    assert "register a newer build" in refused.text
    assert "Second thoughts" in refused.text, "what was typed stays"
    assert "Unlock it twice" in refused.text
    open_release(release.id, OPENS)
    start = f"/f/{feed_token(make_feed_key(ada.id, OPENS).id)}"
    session().commit()
    for address in (f"/r/{page_token(release.id, ada.id)}", "/portal", f"{start}/android/build.json"):
        words = adas_browser.get(address).text
        assert "A new lock screen" in words, address
        assert "Second thoughts" not in words, address


def test_a_build_goes_out_with_the_files_it_was_frozen_with(
    lins_browser: FlaskClient, release: Release, build: Build
) -> None:
    """A device that is offered the file for every device is not offered another one after the rehearsal."""
    keep_file(build.id, BytesIO(b"PK 5.1"), "orange-5.1.apk", at=NOW)
    freeze_release(release.id, NOW)
    session().commit()
    shown = lins_browser.get(f"/builds/{build.id}").text
    assert "Orange Friday 2026-W23 goes out with these files" in shown
    assert "Add a file" not in shown
    with pytest.raises(MoveRefused, match="goes out with the files this build has"):
        keep_file(build.id, BytesIO(b"PK other"), "aries.apk", at=NOW, device="aries")
    hold_release(release.id, "aries needs its own", NOW)
    change_release(release.id, build_id=build.id, audience_id=None, at=NOW)
    keep_file(build.id, BytesIO(b"PK other"), "aries.apk", at=NOW, device="aries")


def test_a_build_frozen_without_any_file_still_gets_those_of_its_devices(release: Release, build: Build) -> None:
    freeze_release(release.id, NOW)
    for device in ("aries", "mione_plus"):
        keep_file(build.id, BytesIO(b"PK"), f"{device}.apk", at=NOW, device=device)
    assert [artefact.device for artefact in artefacts_of(build.id)] == ["aries", "mione_plus"]
    open_release(release.id, OPENS)
    with pytest.raises(MoveRefused, match="goes out with the files this build has"):
        keep_file(build.id, BytesIO(b"PK"), "all.apk", at=OPENS)


def test_notes_can_be_changed_again_when_nobody_is_to_read_the_frozen_ones(release: Release, build: Build) -> None:
    def change(words: str) -> None:
        write_notes(build.id, {"en": words}, at=NOW)

    change("before the freeze")
    freeze_release(release.id, NOW)
    with pytest.raises(NotesFixed):
        change("frozen")
    cancel_release(release.id, NOW)
    change("cancelled")
    plan_again(release.id, NOW)
    freeze_release(release.id, NOW)
    hold_release(release.id, "a typing error", NOW)
    with pytest.raises(NotesFixed):
        change("on hold")
    change_release(release.id, build_id=build.id, audience_id=None, at=NOW)
    change("chosen again")
    resume_release(release.id, NOW)
    freeze_release(release.id, NOW)
    hold_release(release.id, "a fault", NOW)
    roll_back(release.id, "a fault", NOW)
    change("taken back before anybody had it")


def test_what_people_have_read_stays_also_when_it_is_taken_back(release: Release, build: Build, ada: Person) -> None:
    open_release(release.id, OPENS)
    roll_back(release.id, "it does not start", OPENS)
    with pytest.raises(NotesFixed):
        write_notes(build.id, {"en": "Second thoughts"}, at=OPENS)


def test_two_releases_of_one_build_both_have_to_let_its_notes_go(
    train: Train, release: Release, build: Build, ada: Person
) -> None:
    following = plan_release(train.id, WEEK + 1, build_id=build.id, at=NOW)
    freeze_release(release.id, NOW)
    freeze_release(following.id, NOW)
    cancel_release(release.id, NOW)
    assert notes_fixed_for(build.id) == ["Orange Friday 2026-W24"]
    cancel_release(following.id, NOW)
    write_notes(build.id, {"en": "Second thoughts"}, at=NOW)
    assert session().query(FixedNotes).all() == []


@pytest.fixture
def laid(house: Flask) -> tuple[int, int]:
    """A release that others see as well, and its build."""
    with house.app_context():
        start_writing()
        make.staff("Lin")
        train = create_train("Orange Friday", "android", 4, time(17), "Asia/Shanghai", at=NOW)
        build_id = register_build("android", "5.1", {"en": "old"}, at=NOW).id
        release_id = plan_release(train.id, WEEK, build_id=build_id, at=NOW).id
        session().commit()
        disconnect()
    return release_id, build_id


@contextmanager
def raced(house: Flask, first: Callable[[], Any], second: Callable[[], Any]) -> Iterator[Future[None]]:
    """The second begins while the first has not committed, and waits for it."""

    def meanwhile() -> None:
        with house.app_context():
            start_writing()
            second()
            session().commit()

    with ThreadPoolExecutor(1) as pool, house.app_context():
        start_writing()
        first()
        other = pool.submit(meanwhile)
        assert waits(other), "for the first"
        session().commit()
        yield other
        disconnect()


@pytest.mark.parametrize("freeze_first", [True, False])
def test_notes_written_while_a_release_freezes_are_in_its_letter_or_are_refused(
    house: Flask, laid: tuple[int, int], freeze_first: bool
) -> None:
    release_id, build_id = laid
    freeze, write = partial(freeze_release, release_id, NOW), partial(write_notes, build_id, {"en": "new"}, at=NOW)
    with raced(house, *((freeze, write) if freeze_first else (write, freeze))) as other:
        if freeze_first:
            with pytest.raises(NotesFixed):
                other.result()
        else:
            other.result()
        words = "old" if freeze_first else "new"
        assert notes_of(build_id) == {"en": words}
        letters = session().scalars(select(Wording.body).where(Wording.key == mark(release_id))).all()
        assert letters
        assert all(words in body for body in letters)


@pytest.mark.parametrize("freeze_first", [True, False])
def test_a_file_added_while_a_release_freezes_is_among_what_is_fixed_or_comes_later(
    house: Flask, laid: tuple[int, int], freeze_first: bool
) -> None:
    release_id, build_id = laid
    freeze, add = partial(freeze_release, release_id, NOW), partial(keep_file, build_id, BytesIO(b"PK"), "a", at=NOW)
    with raced(house, *((freeze, add) if freeze_first else (add, freeze))) as other:
        other.result()
        assert files_fixed_for(build_id) == ([] if freeze_first else ["Orange Friday 2026-W23"])
