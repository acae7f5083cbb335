"""Seats: what is ruled of them, warnings, and why one ended."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
ENDS = ("idle", "given_up", "by_staff", "left")
CHECKS = {
    "warned_is_held": "warned_at IS NULL OR state = 'held'",
    "warned_until": "(warned_at IS NULL) = (lose_at IS NULL)",
    "released_for_a_reason": "(state = 'released') = (ended IS NOT NULL)",
    "held_once": "state <> 'held' OR first_held_at IS NOT NULL",
}


def upgrade() -> None:
    op.create_table(
        "seat_policy",
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("cap", ID, nullable=True),
        sa.Column("idle_weeks", ID, nullable=True),
        sa.Column("grace_days", ID, nullable=False),
        sa.Column("version", ID, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by_id", ID, nullable=True),
        sa.CheckConstraint("cap >= 0", name=op.f("ck_seat_policy_cap")),
        sa.CheckConstraint("idle_weeks >= 1", name=op.f("ck_seat_policy_idle")),
        sa.CheckConstraint("grace_days >= 7", name=op.f("ck_seat_policy_grace")),
        sa.ForeignKeyConstraint(["changed_by_id"], ["person.id"], name=op.f("fk_seat_policy_changed_by_id_person")),
        sa.PrimaryKeyConstraint("platform", name=op.f("pk_seat_policy")),
    )
    op.execute("DELETE FROM seat")  # nothing has ever written one
    with op.batch_alter_table("seat") as batch:
        batch.add_column(sa.Column("first_held_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("warned_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("lose_at", MOMENT, nullable=True))
        batch.add_column(
            sa.Column(
                "ended",
                sa.Enum(*ENDS, name="seatend", native_enum=False, create_constraint=True, length=32),
                nullable=True,
            )
        )
        batch.add_column(sa.Column("why", sa.String(), nullable=False))
        for name, check in CHECKS.items():
            batch.create_check_constraint(op.f(f"ck_seat_{name}"), check)


def downgrade() -> None:
    with op.batch_alter_table("seat") as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(f"ck_seat_{name}"), type_="check")
        batch.drop_constraint(op.f("ck_seat_seatend"), type_="check")
        for column in ("first_held_at", "warned_at", "lose_at", "ended", "why"):
            batch.drop_column(column)
    op.drop_table("seat_policy")
