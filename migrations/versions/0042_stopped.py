"""Which campaigns were stopped before all had left."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

WERE = sa.text(
    """UPDATE campaign SET stopped = true WHERE state = 'finished' AND EXISTS (
    SELECT 1 FROM letter WHERE letter.origin_id = campaign.origin_id
    AND letter.state = 'cancelled' AND letter.reason = 'finished')"""
)


def upgrade() -> None:
    with op.batch_alter_table("campaign") as batch:
        batch.add_column(sa.Column("stopped", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(WERE)
    with op.batch_alter_table("campaign") as batch:
        batch.alter_column("stopped", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("campaign") as batch:
        batch.drop_column("stopped")
