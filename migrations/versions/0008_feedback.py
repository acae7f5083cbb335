"""feedback: its tables."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("fault", "idea", name="requestkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "severity",
            sa.Enum(
                "minor",
                "major",
                "blocker",
                name="severity",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("expected", sa.String(), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("build_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "planned",
                "shipped",
                "declined",
                "withdrawn",
                name="requeststate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("shipped_in_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("supporters", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("heat", sa.Float(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("(kind = 'fault') = (severity IS NOT NULL)", name=op.f("ck_request_fault_has_severity")),
        sa.CheckConstraint(
            "(state = 'shipped') = (shipped_in_id IS NOT NULL)", name=op.f("ck_request_shipped_in_a_build")
        ),
        sa.CheckConstraint("supporters >= 0", name=op.f("ck_request_no_negative_supporters")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["person.id"], name=op.f("fk_request_author_id_person"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["build_id"], ["build.id"], name=op.f("fk_request_build_id_build")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["request.id"], name=op.f("fk_request_merged_into_id_request")),
        sa.ForeignKeyConstraint(["shipped_in_id"], ["build.id"], name=op.f("fk_request_shipped_in_id_build")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_request_author_id"), "request", ["author_id"], unique=False)
    op.create_index("ix_request_heat", "request", ["state", "heat", "id"], unique=False)
    op.create_index("ix_request_hottest", "request", ["heat", "id"], unique=False)
    op.create_index(op.f("ix_request_shipped_in_id"), "request", ["shipped_in_id"], unique=False)
    op.create_table(
        "answer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_answer_request_id_request"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["person.id"], name=op.f("fk_answer_staff_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_answer_request_id"), "answer", ["request_id"], unique=False)
    op.create_table(
        "request_token",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["request.id"],
            name=op.f("fk_request_token_request_id_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token", "request_id", name=op.f("pk_request_token")),
    )
    op.create_index(op.f("ix_request_token_request_id"), "request_token", ["request_id"], unique=False)
    op.create_table(
        "support",
        sa.Column("request_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_support_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["request.id"], name=op.f("fk_support_request_id_request"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("request_id", "person_id", name=op.f("pk_support")),
    )
    op.create_index(op.f("ix_support_person_id"), "support", ["person_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_support_person_id"), table_name="support")
    op.drop_table("support")
    op.drop_index(op.f("ix_request_token_request_id"), table_name="request_token")
    op.drop_table("request_token")
    op.drop_index(op.f("ix_answer_request_id"), table_name="answer")
    op.drop_table("answer")
    op.drop_index(op.f("ix_request_shipped_in_id"), table_name="request")
    op.drop_index("ix_request_hottest", table_name="request")
    op.drop_index("ix_request_heat", table_name="request")
    op.drop_index(op.f("ix_request_author_id"), table_name="request")
    op.drop_table("request")
