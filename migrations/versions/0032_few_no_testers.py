"""The few whom no count of testers may hold."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

NO_TESTER = "is_staff IS {} OR merged_into_id IS NOT NULL OR forgotten_at IS NOT NULL"  # as each database writes true


def upgrade() -> None:
    op.create_index(
        "ix_person_no_tester",
        "person",
        ["id"],
        sqlite_where=sa.text(NO_TESTER.format(1)),
        postgresql_where=sa.text(NO_TESTER.format("TRUE")),
    )


def downgrade() -> None:
    op.drop_index("ix_person_no_tester", table_name="person")
