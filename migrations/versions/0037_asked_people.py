"""A second person approves a campaign for so many people: their word held for whatever the audience became."""

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
    campaign = sa.table("campaign", sa.column("id"), sa.column("state"), sa.column("asked_people"))
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
        connection.execute(
            sa.update(campaign).where(campaign.c.id == campaign_id).values(asked_people=(asked or {}).get("people"))
        )


def downgrade() -> None:
    op.drop_column("campaign", "asked_people")
