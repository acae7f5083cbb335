"""Batches of check-ins that were accepted and are not recorded yet; when the notes of a build were last written."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
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
    op.add_column("build", sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("build", "noted_at")
    op.drop_table("check_in_batch")
