"""releases: its tables."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "train",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("weekday", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("local_time", sa.Time(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_train_weekday")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_train")),
        sa.UniqueConstraint("name", name=op.f("uq_train_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "release",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("train_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("week", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("build_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("audience_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "opening",
                "open",
                "closed",
                "cancelled",
                name="releasestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["audience_id"], ["audience.id"], name=op.f("fk_release_audience_id_audience")),
        sa.ForeignKeyConstraint(["build_id"], ["build.id"], name=op.f("fk_release_build_id_build")),
        sa.ForeignKeyConstraint(["created_by_id"], ["person.id"], name=op.f("fk_release_created_by_id_person")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_release_job_id_job")),
        sa.ForeignKeyConstraint(["train_id"], ["train.id"], name=op.f("fk_release_train_id_train")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint("train_id", "week", name=op.f("uq_release_train_id_week")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_release_build_id"), "release", ["build_id"], unique=False)
    op.create_index("ix_release_due", "release", ["state", "opens_at"], unique=False)
    op.create_table(
        "wave",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("release_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "staff",
                "core",
                "everybody",
                name="wavekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("list_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["list_id"], ["frozen_list.id"], name=op.f("fk_wave_list_id_frozen_list")),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_wave_release_id_release"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wave")),
        sa.UniqueConstraint("release_id", "kind", name=op.f("uq_wave_release_id_kind")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("wave")
    op.drop_index("ix_release_due", table_name="release")
    op.drop_index(op.f("ix_release_build_id"), table_name="release")
    op.drop_table("release")
    op.drop_table("train")
