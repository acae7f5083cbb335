"""What becomes of a campaign's uncertain letters by itself, and which letters were sent again by it."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "uncertain_default",
        sa.Column("origin_id", Key, autoincrement=False, nullable=False),
        sa.Column(
            "what",
            sa.Enum(
                "ask",
                "send_again",
                "take_as_sent",
                name="whenuncertain",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["origin_id"], ["origin.id"], name=op.f("fk_uncertain_default_origin_id_origin"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("origin_id", name=op.f("pk_uncertain_default")),
    )
    op.create_table(
        "letter_repeat",
        sa.Column("letter_id", Key, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_letter_repeat_letter_id_letter"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_letter_repeat")),
    )


def downgrade() -> None:
    op.drop_table("letter_repeat")
    op.drop_table("uncertain_default")
