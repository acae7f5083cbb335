"""A campaign's start is asked for so many people and with these warnings: it went to whatever the audience became."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Campaigns that wait keep what the journal says they were asked for."""
    op.add_column("campaign", sa.Column("asked_people", Key, nullable=True))
    op.add_column("campaign", sa.Column("taken_on", JSON, nullable=False, server_default="[]"))
    with op.batch_alter_table("campaign") as batch:
        batch.alter_column("taken_on", server_default=None)
    campaign = sa.table(
        "campaign", sa.column("id"), sa.column("state"), sa.column("asked_people"), sa.column("taken_on", JSON)
    )
    journal = sa.table("journal", sa.column("id"), sa.column("action"), sa.column("subject"), sa.column("after", JSON))
    connection = op.get_bind()
    waiting = sa.select(campaign.c.id).where(campaign.c.state.in_(("approval", "scheduled")))
    for campaign_id in connection.scalars(waiting).all():
        asked = connection.scalar(
            sa.select(journal.c.after)
            .where(journal.c.subject == f"campaign:{campaign_id}", journal.c.action == "campaign.ask_to_start")
            .order_by(journal.c.id.desc())
            .limit(1)
        )
        known = asked or {}
        connection.execute(
            sa.update(campaign)
            .where(campaign.c.id == campaign_id)
            .values(asked_people=known.get("people"), taken_on=list(known.get("warnings") or ()))
        )


def downgrade() -> None:
    op.drop_column("campaign", "taken_on")
    op.drop_column("campaign", "asked_people")
