"""Frozen notes are the build's own, which stay as they are: a release kept a copy that feeds did not read.

Also which release holds a build, what a gate has seen of many people, and an index of versions that nobody has
registered.
"""

from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
FIRST_MONDAY = date(1970, 1, 5)
FIXED = sa.text(
    """SELECT release.id, release.build_id, release.week, train.name,
    release.frozen_at, release.opened_at, release.notes
    FROM release JOIN train ON train.id = release.train_id
    WHERE release.build_id IS NOT NULL AND (release.frozen_at IS NOT NULL OR release.opened_at IS NOT NULL)
    AND release.state NOT IN ('planned', 'cancelled') AND coalesce(release.held_from, '') <> 'planned'
    AND (release.state <> 'rolled_back' OR release.opened_at IS NOT NULL OR release.rehearsed_at IS NOT NULL)
    ORDER BY coalesce(release.frozen_at, release.opened_at)"""
).columns(frozen_at=sa.DateTime(timezone=True), opened_at=sa.DateTime(timezone=True), notes=JSON)
HOLDING = sa.text(
    """SELECT release.build_id, release.week, train.name FROM release JOIN train ON train.id = release.train_id
    WHERE release.state = 'held' AND release.held_from NOT IN ('planned', 'frozen') ORDER BY release.id"""
)
build = sa.table("build", *(sa.column(name) for name in ("id", "held_at", "held_by")))
note = sa.table("build_note", *(sa.column(name) for name in ("build_id", "language", "body", "to_test")))


def upgrade() -> None:
    fixed_notes = op.create_table(
        "fixed_notes",
        sa.Column("build_id", Key, nullable=False),
        sa.Column("fixed_by", sa.String(), nullable=False),
        sa.Column("named", sa.String(), nullable=False),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"], ["build.id"], name=op.f("fk_fixed_notes_build_id_build"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("build_id", "fixed_by", name=op.f("pk_fixed_notes")),
    )
    found = op.get_bind().execute(FIXED).all()
    rows = [
        {
            "build_id": row.build_id,
            "fixed_by": f"release:{row.id}",
            "named": f"{row.name} {_week(row.week)}",
            "fixed_at": row.frozen_at or row.opened_at,
        }
        for row in found
    ]
    if rows:
        op.bulk_insert(fixed_notes, rows)
    firsts = {row.build_id: row.notes for row in reversed(found) if row.notes is not None}
    for build_id, notes in firsts.items():
        _restore(build_id, notes)
    op.drop_column("release", "notes")
    op.add_column("build", sa.Column("held_by", sa.String(), nullable=True))
    for row in op.get_bind().execute(HOLDING).all():
        held = sa.update(build).where(build.c.id == row.build_id, build.c.held_at.is_not(None))
        op.execute(held.values(held_by=f"{row.name} {_week(row.week)}"))
    op.add_column("release_hour", sa.Column("in_time", Key, nullable=True))
    op.add_column("release_hour", sa.Column("crashes", Key, nullable=True))
    unknown = sa.text("build_id IS NULL")
    op.create_index("ix_check_in_unknown", "check_in", ["version"], sqlite_where=unknown, postgresql_where=unknown)


def _restore(build_id: int, notes: dict[str, str]) -> None:
    """What people were told stands in the build's notes again, should they have been edited since."""
    this = note.c.build_id == build_id
    op.execute(sa.update(note).where(this, note.c.language.not_in(notes)).values(body=""))
    known = set(op.get_bind().execute(sa.select(note.c.language).where(this)).scalars())
    for language, body in notes.items():
        if language in known:
            op.execute(sa.update(note).where(this, note.c.language == language).values(body=body))
        else:
            op.execute(sa.insert(note).values(build_id=build_id, language=language, body=body, to_test=""))


def _week(number: int) -> str:
    year, week, _day = (FIRST_MONDAY + timedelta(weeks=number)).isocalendar()
    return f"{year}-W{week:02}"


def downgrade() -> None:
    op.drop_index("ix_check_in_unknown", table_name="check_in")
    op.drop_column("release_hour", "crashes")
    op.drop_column("release_hour", "in_time")
    op.drop_column("build", "held_by")
    op.add_column("release", sa.Column("notes", JSON, nullable=True))
    op.drop_table("fixed_notes")
