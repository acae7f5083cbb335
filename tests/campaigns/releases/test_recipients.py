"""The preview: exactly who gets what, and why others do not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from campaigns.audience.actions import save_audience
from campaigns.releases.actions import change_release, freeze_release, open_release
from campaigns.releases.models import Release, TrainWave
from campaigns.releases.queries import Gets, Reach, figures, reach_of, release_or_404, waves_of
from campaigns.releases.rules import Notify
from crm.builds.models import Build
from crm.core.db import session
from crm.outbox.rules import LetterState
from crm.people.actions import suppress, tag
from crm.people.models import Person
from crm.people.rules import SuppressionReason
from tests import make
from tests.campaigns.releases.cast import NOW, OPENS


@pytest.fixture
def crowd(release: Release, lin: Person, ada: Person) -> dict[str, Person]:
    """Ada gets a letter, Sue must not be written to, Ida has no address; Lin is staff."""
    sue, ida = make.tester("Sue"), make.tester("Ida")
    suppress([sue.id], SuppressionReason.UNSUBSCRIBED, NOW)
    for identity in list(ida.identities):
        session().delete(identity)
    session().flush()
    return {"sue": sue, "ida": ida, "lin": lin, "ada": ada}


def reaches(release: Release) -> list[Reach]:
    waves = waves_of(release)
    return [reach_of(release, wave, waves, OPENS) for wave in waves]


def test_the_preview_is_what_happens(release: Release, crowd: dict[str, Person]) -> None:
    staff, rest = reaches(release)
    assert (staff.people, staff.letters, staff.without) == (1, 1, {})
    assert (rest.people, rest.letters, rest.without) == (3, 1, {Gets.NO_ADDRESS: 1, Gets.SUPPRESSED: 1})
    open_release(release.id, OPENS)
    done = figures(release_or_404(release.id), OPENS)
    assert done.given == staff.people + rest.people
    assert done.letters == {LetterState.QUEUED: staff.letters + rest.letters, LetterState.SUPPRESSED: 1}


def test_a_wave_without_letters_says_so(release: Release, crowd: dict[str, Person]) -> None:
    session().execute(update(TrainWave).values(notify=Notify.NONE))
    assert [found.letters for found in reaches(release)] == [0, 0]
    open_release(release.id, OPENS)
    assert figures(release_or_404(release.id), OPENS).letters == {}


def test_the_page_tells_each_person_and_why_others_are_in_no_wave(
    lins_browser: FlaskClient, release: Release, build: Build, crowd: dict[str, Person]
) -> None:
    tag([crowd["ada"].id, crowd["sue"].id], "near")
    chosen = save_audience("near", {"tag": "near"}, at=NOW)
    change_release(release.id, build_id=build.id, audience_id=chosen.id, at=NOW)
    freeze_release(release.id, NOW)
    make.tester("Late", accepted_at=NOW + timedelta(hours=1))
    session().commit()
    page = f"/releases/{release.id}/recipients"
    assert "Lin" in lins_browser.get(page).text
    rest = lins_browser.get(f"{page}?wave=1").text
    assert "Ada" in rest
    assert "must not be written to" in rest
    nobody = lins_browser.get(f"{page}?wave=none").text
    assert "Ida" in nobody
    assert "they came after the freeze" in nobody
    assert "in no wave of it" in nobody
    for wrong in ("7", "x", "-1", "²"):
        assert lins_browser.get(f"{page}?wave={wrong}").status_code == 404
