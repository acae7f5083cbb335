"""fcodes: its tables."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "fcode",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("giver_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("issued_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redeemed_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(redeemed_by_id IS NULL) = (redeemed_at IS NULL)", name=op.f("ck_fcode_redeemed_whole")),
        sa.CheckConstraint("redeemed_at IS NULL OR revoked_at IS NULL", name=op.f("ck_fcode_not_both_ends")),
        sa.CheckConstraint("redeemed_by_id != giver_id", name=op.f("ck_fcode_not_by_the_giver")),
        sa.ForeignKeyConstraint(["giver_id"], ["person.id"], name=op.f("fk_fcode_giver_id_person")),
        sa.ForeignKeyConstraint(["issued_by_id"], ["person.id"], name=op.f("fk_fcode_issued_by_id_person")),
        sa.ForeignKeyConstraint(["redeemed_by_id"], ["person.id"], name=op.f("fk_fcode_redeemed_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fcode")),
        sa.UniqueConstraint("code", name=op.f("uq_fcode_code")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fcode_giver", "fcode", ["giver_id", "issued_at"], unique=False)
    op.create_index(op.f("ix_fcode_redeemed_by_id"), "fcode", ["redeemed_by_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_fcode_redeemed_by_id"), table_name="fcode")
    op.drop_index("ix_fcode_giver", table_name="fcode")
    op.drop_table("fcode")
