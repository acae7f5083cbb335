"""Indexes in the order of people's numbers, so that an audience of a million is counted while one looks."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

LISTED = sa.text("merged_into_id IS NULL AND forgotten_at IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_person_counted",
        "person",
        ["id", "language", "owner_id", "is_staff"],
        sqlite_where=LISTED,
        postgresql_where=LISTED,
    )
    op.create_index("ix_contact_person", "contact", ["person_id", "first_sent_at", "last_touch_at"])
    op.create_index("ix_standing_person", "standing", ["person_id", "stage", "reached"])
    op.create_index("ix_source_basis", "source", ["basis", "person_id"])
    op.drop_index("ix_source_site", table_name="source")
    op.create_index("ix_source_site", "source", ["site", "person_id", "board", "basis"])


def downgrade() -> None:
    op.drop_index("ix_source_site", table_name="source")
    op.create_index("ix_source_site", "source", ["site", "board"])
    op.drop_index("ix_source_basis", table_name="source")
    op.drop_index("ix_standing_person", table_name="standing")
    op.drop_index("ix_contact_person", table_name="contact")
    op.drop_index("ix_person_counted", table_name="person")
