"""PostgreSQL is restarted beneath a program that runs: whoever asks next is answered as if nothing had been."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask_migrate import upgrade

from crm.app import create_app
from crm.core.db import disconnect, session, start_writing
from crm.settings import read
from tests import make
from tests.conftest import settings_of
from tests.fragile import fragile_server


@pytest.mark.postgres
def test_the_first_page_after_a_restart_of_the_database_is_there(tmp_path: Path) -> None:
    with fragile_server() as server:
        app = create_app(read(settings_of(tmp_path, server.address)), TESTING=True)
        with app.app_context():
            upgrade()
            start_writing()
            make.programme()
            session().commit()
            disconnect()
        client = app.test_client()
        assert client.get("/sign-in").status_code == 200
        server.restart()
        assert client.get("/sign-in").status_code == 200
        with app.app_context():
            disconnect()
