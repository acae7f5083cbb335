"""audience: its tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audience",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("filter", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_audience_created_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience")),
        sa.UniqueConstraint("name", name=op.f("uq_audience_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "frozen_list",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("audience_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["audience_id"], ["audience.id"], name=op.f("fk_frozen_list_audience_id_audience")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frozen_list")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_frozen_list_audience_id"), "frozen_list", ["audience_id"], unique=False)
    op.create_table(
        "frozen_member",
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["frozen_list.id"],
            name=op.f("fk_frozen_member_list_id_frozen_list"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_frozen_member_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("list_id", "person_id", name=op.f("pk_frozen_member")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_frozen_member_person_id"), "frozen_member", ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_frozen_member_person_id"), table_name="frozen_member")
    op.drop_table("frozen_member")
    op.drop_index(op.f("ix_frozen_list_audience_id"), table_name="frozen_list")
    op.drop_table("frozen_list")
    op.drop_table("audience")
