"""Letters a day of a campaign, and a day to one mail domain."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table in ("mail_limits", "mail_account"):
        op.add_column(table, sa.Column("domain_per_day", Key, nullable=True))
    moves = "per_day IS NULL OR per_day > 0"
    with op.batch_alter_table("pace") as batch:
        batch.add_column(sa.Column("per_day", Key, nullable=True))
        batch.add_column(sa.Column("day", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("today", Key, nullable=False, server_default="0"))
        batch.create_check_constraint(op.f("ck_pace_moves_each_day"), moves)
    with op.batch_alter_table("pace") as batch:
        batch.alter_column("day", server_default=None)
        batch.alter_column("today", server_default=None)
    with op.batch_alter_table("campaign") as batch:
        batch.add_column(sa.Column("per_day", Key, nullable=True))
        batch.create_check_constraint(op.f("ck_campaign_moves_each_day"), moves)


def downgrade() -> None:
    with op.batch_alter_table("campaign") as batch:
        batch.drop_constraint(op.f("ck_campaign_moves_each_day"), type_="check")
        batch.drop_column("per_day")
    with op.batch_alter_table("pace") as batch:
        batch.drop_constraint(op.f("ck_pace_moves_each_day"), type_="check")
        for name in ("today", "day", "per_day"):
            batch.drop_column(name)
    for table in ("mail_account", "mail_limits"):
        op.drop_column(table, "domain_per_day")
