"""outreach: its tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("audience_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "running",
                "paused",
                "finished",
                name="campaignstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("pace", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("pace IS NULL OR pace > 0", name=op.f("ck_campaign_pace_moves")),
        sa.ForeignKeyConstraint(["audience_id"], ["audience.id"], name=op.f("fk_campaign_audience_id_audience")),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_campaign_created_by_id_person")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_campaign_job_id_job")),
        sa.ForeignKeyConstraint(["list_id"], ["frozen_list.id"], name=op.f("fk_campaign_list_id_frozen_list")),
        sa.ForeignKeyConstraint(["origin_id"], ["origin.id"], name=op.f("fk_campaign_origin_id_origin")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("name", name=op.f("uq_campaign_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "campaign_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("mail", "hand", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("identity_kind", sa.String(), nullable=False),
        sa.Column("sender_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("settings", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_step_campaign_id_campaign"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["sender.id"], name=op.f("fk_campaign_step_sender_id_sender")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_step")),
        sa.UniqueConstraint("campaign_id", "position", name=op.f("uq_campaign_step_campaign_id_position")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "step_wording",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("step_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("wording_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["step_id"],
            ["campaign_step.id"],
            name=op.f("fk_step_wording_step_id_campaign_step"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["wording_id"], ["wording.id"], name=op.f("fk_step_wording_wording_id_wording")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_wording")),
        sa.UniqueConstraint("step_id", "language", "variant", name=op.f("uq_step_wording_step_id_language_variant")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("step_wording")
    op.drop_table("campaign_step")
    op.drop_table("campaign")
