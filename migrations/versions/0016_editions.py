"""credits: sections, screens, languages and formats of an edition."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("edition_name") as batch:
        batch.add_column(sa.Column("section", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("edition_name") as batch:
        batch.alter_column("section", server_default=None)
    with op.batch_alter_table("edition") as batch:
        batch.add_column(sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("rendering") as batch:
        batch.add_column(sa.Column("screen", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("language", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("rendering") as batch:
        batch.alter_column("screen", server_default=None)
        batch.alter_column("language", server_default=None)
    op.execute("DELETE FROM rendering")  # drawn again in a moment, into files of other names
    _rewrite(_wider)


def downgrade() -> None:
    _rewrite(_narrower)
    op.execute("DELETE FROM rendering")
    with op.batch_alter_table("edition") as batch:
        batch.drop_column("published_at")
    with op.batch_alter_table("rendering") as batch:
        batch.drop_column("language")
        batch.drop_column("screen")
    with op.batch_alter_table("edition_name") as batch:
        batch.drop_column("section")


def _rewrite(turn: Callable[[Any, Any, str], tuple[Any, Any]]) -> None:
    """Each edition's rule and look, as they are kept as JSON."""
    edition = sa.table("edition", sa.column("id"), sa.column("rule", sa.JSON()), sa.column("look", sa.JSON()))
    connection = op.get_bind()
    languages = connection.execute(sa.text("SELECT languages FROM programme")).scalar()
    language = (json.loads(languages) if isinstance(languages, str) else languages or ["en"])[0]
    for number, rule, look in connection.execute(sa.select(edition)).all():
        new_rule, new_look = turn(rule, look, language)
        connection.execute(edition.update().where(edition.c.id == number).values(rule=new_rule, look=new_look))


def _wider(rule: Any, look: Any, language: str) -> tuple[Any, Any]:
    words = {name: look.get(name, "") for name in ("title", "subtitle")}
    wording = {**words, "footer": "", "headings": {}}
    known = {"min_px": look.get("min_px"), "theme": "lantern", "silhouette": "", "order": "name"}
    return {"any": [rule]}, {
        **known, "sizes": [look.get("size", "1080x2400")], "formats": ["png"], "wordings": {language: wording},
    }  # fmt: skip


def _narrower(_rule: Any, look: Any, _language: str) -> tuple[Any, Any]:
    words: Any = next(iter(look["wordings"].values()), {})
    look = {"size": look["sizes"][0], "title": words.get("title", ""), "subtitle": words.get("subtitle", "")}
    return {"kind": "retained"}, look
