"""Mail limits: how many letters the mail server is given, and how many it has been given."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "mail_limits",
        sa.Column("id", Key, autoincrement=False, nullable=False),
        sa.Column("per_hour", Key, nullable=True),
        sa.Column("per_day", Key, nullable=True),
        sa.Column("domain_per_hour", Key, nullable=True),
        sa.Column("quiet_from", Key, nullable=True),
        sa.Column("quiet_to", Key, nullable=True),
        sa.Column("warm_from", sa.Date(), nullable=True),
        sa.Column("warm_first", Key, nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_mail_limits_only_one")),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_to IS NULL)", name=op.f("ck_mail_limits_quiet_has_both_ends")
        ),
        sa.CheckConstraint("(warm_from IS NULL) = (warm_first IS NULL)", name=op.f("ck_mail_limits_warm_up_is_whole")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_limits")),
    )
    op.create_table(
        "mail_count",
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "span",
            sa.Enum("hour", "day", name="span", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("sent", Key, nullable=False),
        sa.PrimaryKeyConstraint("since", "span", "domain", name=op.f("pk_mail_count")),
    )


def downgrade() -> None:
    op.drop_table("mail_count")
    op.drop_table("mail_limits")
