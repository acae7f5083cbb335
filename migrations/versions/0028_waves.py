"""The train at full strength: freeze, rehearsal, waves, gates, holidays; a release may be held and rolled back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0026"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
STATES = ("planned", "opening", "open", "closed", "cancelled")
ALL_STATES = ("planned", "frozen", "rehearsed", "opening", "open", "held", "closed", "cancelled", "rolled_back")
KINDS = ("staff", "core", "everybody")
ALL_KINDS = ("staff", "core", "share", "everybody")
NOTIFY = ("letter", "all_languages", "none")
SIGNS = ("first_run", "heartbeat", "update_check", "report")
ALL_SIGNS = (*SIGNS, "crash")


def _states(words: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _only(table: str, column: str, name: str, words: tuple[str, ...]) -> None:
    """CHECKs of states are dropped and made anew: a database knows no other way to add a word."""
    allowed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
        batch.create_check_constraint(op.f(f"ck_{table}_{name}"), f"{column} IN ({allowed})")


TRAIN_CHECKS = {
    "freezes_before": "freeze_hours > 0",
    "rehearses_what_is_frozen": "rehearsal_hours > 0 AND rehearsal_hours <= freeze_hours",
    "rehearsal_needs_freeze": "rehearsal_hours IS NULL OR freeze_hours IS NOT NULL",
    "gate_percent": "gate_percent BETWEEN 1 AND 100",
    "gate_hours": "gate_hours > 0",
}
TRAIN_COLUMNS = (
    "freeze_hours",
    "rehearsal_hours",
    "goes_itself",
    "core_audience_id",
    "gate_percent",
    "gate_hours",
    "gate_blockers",
    "gate_crashes",
)
RELEASE_COLUMNS = ("leaves_local", "zone", "held_from", "why", "notes", "frozen_at", "rehearsed_at", "go_at", "held_at")
WAVE_COLUMNS = ("position", "percent", "notify", "done_at", "overruled_at", "overruled_by_id", "overruled_why")
WAVE_CHECKS = {
    "share_has_percent": "(kind = 'share') = (percent IS NOT NULL)",
    "overruled_for_a_reason": "(overruled_at IS NULL) = (overruled_why IS NULL)",
}


def _trains() -> None:
    with op.batch_alter_table("train") as batch:
        for column in ("freeze_hours", "rehearsal_hours", "core_audience_id"):
            batch.add_column(sa.Column(column, ID, nullable=True))
        batch.add_column(sa.Column("goes_itself", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch.add_column(sa.Column("gate_percent", ID, nullable=True))
        batch.add_column(sa.Column("gate_hours", ID, nullable=False, server_default="24"))
        batch.add_column(sa.Column("gate_blockers", ID, nullable=True))
        batch.add_column(sa.Column("gate_crashes", ID, nullable=True))
        batch.create_foreign_key(op.f("fk_train_core_audience_id_audience"), "audience", ["core_audience_id"], ["id"])
        for name, check in TRAIN_CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_train_{name}"), check)
    with op.batch_alter_table("train") as batch:
        batch.alter_column("goes_itself", server_default=None)
        batch.alter_column("gate_hours", server_default=None)
    op.create_table(
        "train_wave",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("train_id", ID, nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("kind", _states(ALL_KINDS, "wavekind"), nullable=False),
        sa.Column("percent", ID, nullable=True),
        sa.Column("notify", _states(NOTIFY, "notify"), nullable=False),
        sa.CheckConstraint("(kind = 'share') = (percent IS NOT NULL)", name=op.f("ck_train_wave_share_has_percent")),
        sa.CheckConstraint("percent BETWEEN 1 AND 99", name=op.f("ck_train_wave_percent")),
        sa.ForeignKeyConstraint(
            ["train_id"], ["train.id"], name=op.f("fk_train_wave_train_id_train"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_train_wave")),
        sa.UniqueConstraint("train_id", "position", name=op.f("uq_train_wave_train_id_position")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "train_holiday",
        sa.Column("train_id", ID, nullable=False),
        sa.Column("day_on", sa.Date(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["train_id"], ["train.id"], name=op.f("fk_train_holiday_train_id_train"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("train_id", "day_on", name=op.f("pk_train_holiday")),
    )
    op.execute("INSERT INTO train_wave (train_id, position, kind, notify) SELECT id, 0, 'staff', 'letter' FROM train")
    op.execute(
        "INSERT INTO train_wave (train_id, position, kind, notify) SELECT id, 1, 'everybody', 'letter' FROM train"
    )


def _releases() -> None:
    _only("release", "state", "releasestate", ALL_STATES)
    with op.batch_alter_table("release") as batch:
        batch.add_column(sa.Column("held_from", _states(ALL_STATES, "held_from"), nullable=True))
        batch.add_column(sa.Column("why", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("notes", JSON, nullable=True))
        batch.add_column(sa.Column("leaves_local", sa.String(), nullable=True))
        batch.add_column(sa.Column("zone", sa.String(), nullable=True))
        for column in ("frozen_at", "rehearsed_at", "go_at", "held_at"):
            batch.add_column(sa.Column(column, MOMENT, nullable=True))
        batch.create_check_constraint(
            op.f("ck_release_held_from_somewhere"), "(state = 'held') = (held_from IS NOT NULL)"
        )
    with op.batch_alter_table("release") as batch:
        batch.alter_column("why", server_default=None)


def _waves() -> None:
    _only("wave", "kind", "wavekind", ALL_KINDS)
    with op.batch_alter_table("wave") as batch:
        batch.add_column(sa.Column("position", ID, nullable=False, server_default="0"))
        batch.add_column(sa.Column("percent", ID, nullable=True))
        batch.add_column(sa.Column("notify", _states(NOTIFY, "notify"), nullable=False, server_default="letter"))
        batch.add_column(sa.Column("done_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("overruled_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("overruled_by_id", ID, nullable=True))
        batch.add_column(sa.Column("overruled_why", sa.String(), nullable=True))
        batch.drop_constraint(op.f("uq_wave_release_id_kind"), type_="unique")
        batch.create_foreign_key(op.f("fk_wave_overruled_by_id_person"), "person", ["overruled_by_id"], ["id"])
        for name, check in WAVE_CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_wave_{name}"), check)
    op.execute("UPDATE wave SET position = 1 WHERE kind = 'everybody'")
    op.execute(
        "UPDATE wave SET done_at = opened_at WHERE release_id IN "
        "(SELECT id FROM release WHERE state IN ('open', 'closed'))"
    )
    with op.batch_alter_table("wave") as batch:
        batch.alter_column("position", server_default=None)
        batch.alter_column("notify", server_default=None)
        batch.create_unique_constraint(op.f("uq_wave_release_id_position"), ["release_id", "position"])


def _hours() -> None:
    op.create_table(
        "release_hour",
        sa.Column("release_id", ID, nullable=False),
        sa.Column("hour_at", MOMENT, nullable=False),
        sa.Column("given", ID, nullable=False),
        sa.Column("ran", ID, nullable=False),
        sa.Column("reported", ID, nullable=False),
        sa.Column("blockers", ID, nullable=False),
        sa.Column("letters", JSON, nullable=True),
        sa.Column("counted_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_release_hour_release_id_release"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("release_id", "hour_at", name=op.f("pk_release_hour")),
    )


def upgrade() -> None:
    _trains()
    _releases()
    _waves()
    _hours()
    _only("check_in", "kind", "checkinkind", ALL_SIGNS)


def downgrade() -> None:
    op.drop_table("release_hour")
    op.execute("UPDATE check_in SET kind = 'report' WHERE kind = 'crash'")
    _only("check_in", "kind", "checkinkind", SIGNS)
    op.execute("DELETE FROM wave WHERE kind NOT IN ('staff', 'everybody')")
    with op.batch_alter_table("wave") as batch:
        batch.drop_constraint(op.f("uq_wave_release_id_position"), type_="unique")
        batch.drop_constraint(op.f("fk_wave_overruled_by_id_person"), type_="foreignkey")
        for name in WAVE_CHECKS:
            batch.drop_constraint(op.f(f"ck_wave_{name}"), type_="check")
        batch.drop_constraint(op.f("ck_wave_notify"), type_="check")
        for column in WAVE_COLUMNS:
            batch.drop_column(column)
        batch.create_unique_constraint(op.f("uq_wave_release_id_kind"), ["release_id", "kind"])
    _only("wave", "kind", "wavekind", KINDS)
    with op.batch_alter_table("release") as batch:
        batch.drop_constraint(op.f("ck_release_held_from_somewhere"), type_="check")
        batch.drop_constraint(op.f("ck_release_held_from"), type_="check")
        for column in RELEASE_COLUMNS:
            batch.drop_column(column)
    op.execute("UPDATE release SET state = 'planned' WHERE state IN ('frozen', 'rehearsed')")
    op.execute("UPDATE release SET state = 'cancelled' WHERE state IN ('held', 'rolled_back')")
    _only("release", "state", "releasestate", STATES)
    op.drop_table("train_holiday")
    op.drop_table("train_wave")
    with op.batch_alter_table("train") as batch:
        batch.drop_constraint(op.f("fk_train_core_audience_id_audience"), type_="foreignkey")
        for name in TRAIN_CHECKS:
            batch.drop_constraint(op.f(f"ck_train_{name}"), type_="check")
        for column in TRAIN_COLUMNS:
            batch.drop_column(column)
