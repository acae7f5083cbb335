"""What others may see: one name by its owner's link, and a boot screen that was published."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from PIL import Image

from campaigns.credits.actions import (
    answer_consent,
    create_edition,
    freeze_edition,
    hide_name,
    render_edition,
    ship,
)
from campaigns.credits.models import Edition
from campaigns.credits.queries import share_token
from campaigns.credits.rules import ConsentAnswer
from crm.accounts.rules import Role
from crm.core import jobs
from crm.core.db import session
from crm.core.programme import Programme
from crm.people.models import Person
from tests import make
from tests.campaigns.credits.builders import AT, LOOK, RETAINED, retained, says_yes
from tests.cast import SignIn


@pytest.fixture
def ada_shown(programme: Programme) -> Person:
    return says_yes(retained("Ada"), "Ada of the Forum")


@pytest.fixture
def shipped(ada_shown: Person) -> Edition:
    says_yes(retained("Bao"), "Bao the Quiet")
    made = create_edition("First", RETAINED, AT, replace(LOOK, formats=("png", "find-me")), at=AT)
    freeze_edition(made.id, AT)
    render_edition(made.id, AT)
    session().commit()
    jobs.run_due.run()
    session().expire_all()
    ship(made.id, AT)
    session().commit()
    return made


def test_whoever_has_the_link_sees_the_name_lit_up_and_nobody_elses(
    client: FlaskClient, shipped: Edition, ada_shown: Person
) -> None:
    link = f"/boot-screen/{share_token(shipped.id, ada_shown.id)}"
    page = client.get(link).get_data(as_text=True)
    assert "Ada of the Forum" in page
    assert "Bao" not in page
    assert 'property="og:image"' in page
    with Image.open(io.BytesIO(client.get(f"{link}.png").data)) as picture:
        assert picture.size == (1200, 630)


def test_a_link_ends_when_its_owner_withdraws_or_the_name_is_hidden(
    client: FlaskClient, shipped: Edition, ada_shown: Person
) -> None:
    link = f"/boot-screen/{share_token(shipped.id, ada_shown.id)}"
    hide_name(ada_shown.id, "an insult", AT)
    session().commit()
    assert client.get(f"{link}.png").status_code == 404
    answer_consent(ada_shown.id, ConsentAnswer.NO, "", AT)
    session().commit()
    assert client.get(link).status_code == 404


def test_a_link_that_was_not_made_here_opens_nothing(client: FlaskClient, shipped: Edition, ada_shown: Person) -> None:
    token = share_token(shipped.id, ada_shown.id)
    assert client.get(f"/boot-screen/{token[:-2]}xx").status_code == 403
    assert client.get(f"/boot-screen/{share_token(shipped.id, 999_999)}").status_code == 404


def test_a_name_is_shared_only_after_shipping(client: FlaskClient, ada_shown: Person) -> None:
    made = create_edition("First", RETAINED, AT, LOOK, at=AT)
    freeze_edition(made.id, AT)
    session().commit()
    assert client.get(f"/boot-screen/{share_token(made.id, ada_shown.id)}").status_code == 404


def test_a_boot_screen_is_public_from_the_moment_it_is_published_until_it_is_taken_back(
    client: FlaskClient, sign_in: SignIn, shipped: Edition
) -> None:
    manager = sign_in(make.staff("Rui", Role.RELEASE))
    public = f"/boot-screens/{shipped.id}"
    assert client.get(public).status_code == 404
    manager.post(f"/editions/{shipped.id}/publish")
    page = client.get(public).get_data(as_text=True)
    assert "Thank you" in page
    picture = next(part for part in page.split('"') if part.endswith("/1.png"))
    with client.get(picture) as answer:
        assert answer.data.startswith(b"\x89PNG")
    with client.get(next(part for part in page.split('"') if part.endswith("/find"))) as finder:
        assert "Bao the Quiet" in finder.get_data(as_text=True)
        assert finder.headers["Content-Security-Policy"] == "frame-ancestors 'none'", "it brings its own, stricter one"
    manager.post(f"/editions/{shipped.id}/publish")
    assert client.get(public).status_code == 404
    assert client.get(picture).status_code == 404


def test_a_published_boot_screen_closes_when_somebody_on_it_withdraws(
    client: FlaskClient, sign_in: SignIn, shipped: Edition, ada_shown: Person
) -> None:
    manager = sign_in(make.staff("Rui", Role.RELEASE))
    manager.post(f"/editions/{shipped.id}/publish")
    assert client.get(f"/boot-screens/{shipped.id}").status_code == 200
    answer_consent(ada_shown.id, ConsentAnswer.NO, "", AT)
    session().commit()
    assert client.get(f"/boot-screens/{shipped.id}").status_code == 404
    assert "closed" in manager.get(f"/editions/{shipped.id}").get_data(as_text=True)


def test_what_has_not_shipped_is_not_published(sign_in: SignIn, ada_shown: Person) -> None:
    made = create_edition("First", RETAINED, AT, LOOK, at=AT)
    session().commit()
    assert sign_in(make.staff("Rui", Role.RELEASE)).post(f"/editions/{made.id}/publish").status_code == 409
