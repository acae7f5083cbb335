"""Mail accounts: senders with mail servers of their own, each counted for itself; which of them a campaign uses."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _counted_by(*columns: str) -> None:
    with op.batch_alter_table("mail_count") as batch:
        batch.drop_constraint("pk_mail_count", type_="primary")
        batch.create_primary_key("pk_mail_count", list(columns))


def upgrade() -> None:
    op.create_table(
        "mail_account",
        sa.Column("sender_id", Key, autoincrement=False, nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("port", Key, nullable=False),
        sa.Column(
            "tls",
            sa.Enum("tls", "starttls", "none", name="tls", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("sealed_password", sa.String(), nullable=False),
        sa.Column("domain_per_hour", Key, nullable=True),
        sa.Column("warm_from", sa.Date(), nullable=True),
        sa.Column("warm_first", Key, nullable=True),
        sa.Column("fills_in", sa.Boolean(), nullable=False),
        sa.Column("said", sa.String(), nullable=True),
        sa.Column("away_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_mail_account_port")),
        sa.CheckConstraint("(warm_from IS NULL) = (warm_first IS NULL)", name=op.f("ck_mail_account_warm_up_is_whole")),
        sa.CheckConstraint("(said IS NULL) = (away_since IS NULL)", name=op.f("ck_mail_account_away_has_reason")),
        sa.ForeignKeyConstraint(
            ["sender_id"], ["sender.id"], name=op.f("fk_mail_account_sender_id_sender"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sender_id", name=op.f("pk_mail_account")),
    )
    op.create_index(
        "uq_mail_account_fills_in",
        "mail_account",
        ["fills_in"],
        unique=True,
        sqlite_where=sa.text("fills_in"),
        postgresql_where=sa.text("fills_in"),
    )
    op.create_table(
        "campaign_sender",
        sa.Column("campaign_id", Key, autoincrement=False, nullable=False),
        sa.Column("sender_id", Key, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_sender_campaign_id_campaign"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["sender.id"], name=op.f("fk_campaign_sender_sender_id_sender")),
        sa.PrimaryKeyConstraint("campaign_id", "sender_id", name=op.f("pk_campaign_sender")),
    )
    op.create_index("ix_campaign_sender_sender_id", "campaign_sender", ["sender_id"])
    with op.batch_alter_table("mail_count") as batch:
        batch.add_column(sa.Column("sender_id", Key, nullable=False, server_default="0"))
    with op.batch_alter_table("mail_count") as batch:
        batch.alter_column("sender_id", server_default=None, existing_type=Key, existing_nullable=False)
    _counted_by("since", "span", "domain", "sender_id")
    waits = sa.text("state = 'queued' AND sender_id IS NOT NULL")
    columns = ["sender_id", "origin_id", "due_at", "id"]
    op.create_index("ix_letter_waits_for", "letter", columns, sqlite_where=waits, postgresql_where=waits)


def downgrade() -> None:
    op.drop_index("ix_letter_waits_for", table_name="letter")
    op.execute("DELETE FROM mail_count WHERE sender_id != 0")
    _counted_by("since", "span", "domain")
    with op.batch_alter_table("mail_count") as batch:
        batch.drop_column("sender_id")
    op.drop_table("campaign_sender")
    op.drop_table("mail_account")
