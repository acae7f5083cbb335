"""funnel: its tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_version",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("computed", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_data_version")),
    )
    op.create_table(
        "funnel_cell",
        sa.Column("week", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column(
            "origin_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("n1", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n2", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n3", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n4", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("week", "origin_id", "source_key", "channel", name=op.f("pk_funnel_cell")),
    )
    op.create_table(
        "activity",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("era", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("bits", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_activity_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", "era", name=op.f("pk_activity")),
    )
    op.create_index(op.f("ix_activity_era"), "activity", ["era"], unique=False)
    op.create_table(
        "rule_set",
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("a", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("b", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("m", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("k", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("g", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("1 <= a AND a <= b AND b <= 64", name=op.f("ck_rule_set_active_window")),
        sa.CheckConstraint("1 <= k AND k <= n AND n <= 64", name=op.f("ck_rule_set_retained_window")),
        sa.CheckConstraint("m >= 0 AND g >= 0", name=op.f("ck_rule_set_not_negative")),
        sa.ForeignKeyConstraint(["published_by_id"], ["person.id"], name=op.f("fk_rule_set_published_by_id_person")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rule_set")),
    )
    op.create_table(
        "move",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "from_stage",
            sa.Enum(
                "prospect",
                "contacted",
                "joined",
                "active",
                "retained",
                "lapsed",
                "declined",
                name="from_stage",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "to_stage",
            sa.Enum(
                "prospect",
                "contacted",
                "joined",
                "active",
                "retained",
                "lapsed",
                "declined",
                name="to_stage",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("rule_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reconstructed", sa.Boolean(), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_move_by_id_person")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_move_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["rule_version"], ["rule_set.version"], name=op.f("fk_move_rule_version_rule_set")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_move")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_move_at", "move", ["at"], unique=False)
    op.create_index(
        "ix_move_by",
        "move",
        ["by_id"],
        unique=False,
        sqlite_where=sa.text("by_id IS NOT NULL"),
        postgresql_where=sa.text("by_id IS NOT NULL"),
    )
    op.create_index("ix_move_person_at", "move", ["person_id", "at"], unique=False)
    op.create_table(
        "standing",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "stage",
            sa.Enum(
                "prospect",
                "contacted",
                "joined",
                "active",
                "retained",
                "lapsed",
                "declined",
                name="stage",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "came_in_at",
            sa.Enum(
                "prospect",
                "contacted",
                "joined",
                "active",
                "retained",
                "lapsed",
                "declined",
                name="came_in_at",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("grace_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_week", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("week", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.CheckConstraint("reached BETWEEN 0 AND 4", name=op.f("ck_standing_ladder")),
        sa.ForeignKeyConstraint(["origin_id"], ["origin.id"], name=op.f("fk_standing_origin_id_origin")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_standing_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["rule_version"], ["rule_set.version"], name=op.f("fk_standing_rule_version_rule_set")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_standing")),
    )
    op.create_index("ix_standing_reached", "standing", ["reached", "origin_id", "source_id", "week"], unique=False)
    op.create_index("ix_standing_stage", "standing", ["stage", "since", "person_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_standing_stage", table_name="standing")
    op.drop_index("ix_standing_reached", table_name="standing")
    op.drop_table("standing")
    op.drop_index("ix_move_person_at", table_name="move")
    op.drop_index("ix_move_by", table_name="move")
    op.drop_index("ix_move_at", table_name="move")
    op.drop_table("move")
    op.drop_table("rule_set")
    op.drop_index(op.f("ix_activity_era"), table_name="activity")
    op.drop_table("activity")
    op.drop_table("funnel_cell")
    op.drop_table("data_version")
