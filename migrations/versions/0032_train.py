"""The few whom no count of testers may hold; batches of check-ins that were accepted and are not recorded yet."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NO_TESTER = "is_staff IS {} OR merged_into_id IS NOT NULL OR forgotten_at IS NOT NULL"  # as each database writes true


def upgrade() -> None:
    op.create_index(
        "ix_person_no_tester",
        "person",
        ["id"],
        sqlite_where=sa.text(NO_TESTER.format(1)),
        postgresql_where=sa.text(NO_TESTER.format("TRUE")),
    )
    op.create_table(
        "check_in_batch",
        sa.Column("id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("items", Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_check_in_batch_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in_batch")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_check_in_batch_person_id"), "check_in_batch", ["person_id"])


def downgrade() -> None:
    op.drop_table("check_in_batch")
    op.drop_index("ix_person_no_tester", table_name="person")
