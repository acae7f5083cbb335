"""outreach: steps in time, each person's place in the sequence, a start that is approved or planned."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
STOPS = '["joined", "replied", "refused", "bounced"]'
ONLY = ("everybody", "not_replied", "replied", "not_opened", "opened", "not_joined", "joined")
PLACES = ("waiting", "done", "stopped", "left_out")
WAITING = sa.text("state = 'waiting'")


def _states(words: tuple[str, ...], name: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _campaign_states(*words: str) -> None:
    """CHECKs of states are dropped and made anew: a database knows no other way to add a word."""
    allowed = ", ".join(f"'{word}'" for word in words)
    with op.batch_alter_table("campaign") as batch:
        batch.drop_constraint(op.f("ck_campaign_campaignstate"), type_="check")
        batch.create_check_constraint(op.f("ck_campaign_campaignstate"), f"state IN ({allowed})")


def upgrade() -> None:
    _campaign_states("draft", "approval", "scheduled", "running", "paused", "finished")
    with op.batch_alter_table("campaign") as batch:
        batch.add_column(sa.Column("stops", JSON, nullable=False, server_default=STOPS))
        batch.add_column(sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("started_by_id", ID, nullable=True))
        batch.add_column(sa.Column("approved_by_id", ID, nullable=True))
        for column in ("started_by_id", "approved_by_id"):
            batch.create_foreign_key(op.f(f"fk_campaign_{column}_person"), "person", [column], ["id"])
        batch.create_check_constraint(op.f("ck_campaign_approved_by_another"), "approved_by_id != started_by_id")
        batch.create_check_constraint(
            op.f("ck_campaign_scheduled_has_moment"), "state != 'scheduled' OR starts_at IS NOT NULL"
        )
    with op.batch_alter_table("campaign") as batch:
        batch.alter_column("stops", server_default=None)
    with op.batch_alter_table("campaign_step") as batch:
        batch.add_column(sa.Column("after_hours", ID, nullable=False, server_default="0"))
        batch.add_column(sa.Column("on_weekday", ID, nullable=True))
        batch.add_column(sa.Column("at_time", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("only", _states(ONLY, "only"), nullable=False, server_default="everybody"))
        batch.create_check_constraint(op.f("ck_campaign_step_waits_forward"), "after_hours >= 0")
        batch.create_check_constraint(op.f("ck_campaign_step_weekday_is_one"), "on_weekday BETWEEN 0 AND 6")
    with op.batch_alter_table("campaign_step") as batch:
        for column in ("after_hours", "at_time", "only"):
            batch.alter_column(column, server_default=None)
    op.create_table(
        "campaign_place",
        sa.Column("campaign_id", ID, autoincrement=False, nullable=False),
        sa.Column("person_id", ID, autoincrement=False, nullable=False),
        sa.Column("position", ID, nullable=False),
        sa.Column("state", _states(PLACES, "placestate"), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state != 'waiting' OR due_at IS NOT NULL", name=op.f("ck_campaign_place_waiting_is_due")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_place_campaign_id_campaign"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_campaign_place_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("campaign_id", "person_id", name=op.f("pk_campaign_place")),
    )
    op.create_index(op.f("ix_campaign_place_person_id"), "campaign_place", ["person_id"])
    op.create_index(
        "ix_campaign_place_due",
        "campaign_place",
        ["campaign_id", "due_at", "person_id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index("ix_campaign_place_state", "campaign_place", ["campaign_id", "state", "position", "person_id"])


def downgrade() -> None:
    """Campaigns that wait for their start are drafts again; of a sequence its first step stays."""
    op.drop_table("campaign_place")
    op.execute("DELETE FROM step_wording WHERE step_id IN (SELECT id FROM campaign_step WHERE position > 1)")
    op.execute("DELETE FROM campaign_step WHERE position > 1")
    with op.batch_alter_table("campaign_step") as batch:
        batch.drop_constraint(op.f("ck_campaign_step_waits_forward"), type_="check")
        batch.drop_constraint(op.f("ck_campaign_step_weekday_is_one"), type_="check")
        batch.drop_constraint(op.f("ck_campaign_step_only"), type_="check")
        for column in ("after_hours", "on_weekday", "at_time", "only"):
            batch.drop_column(column)
    op.execute("UPDATE campaign SET state = 'draft' WHERE state IN ('approval', 'scheduled')")
    with op.batch_alter_table("campaign") as batch:
        batch.drop_constraint(op.f("ck_campaign_scheduled_has_moment"), type_="check")
        batch.drop_constraint(op.f("ck_campaign_approved_by_another"), type_="check")
        for column in ("started_by_id", "approved_by_id"):
            batch.drop_constraint(op.f(f"fk_campaign_{column}_person"), type_="foreignkey")
        for column in ("stops", "starts_at", "started_by_id", "approved_by_id"):
            batch.drop_column(column)
    _campaign_states("draft", "running", "paused", "finished")
