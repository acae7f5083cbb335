"""The testers' weekly report on a release, and its one reminder."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "weekly_report",
        sa.Column("id", Key, nullable=False),
        sa.Column("release_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("mark", Key, nullable=False),
        sa.Column("works", sa.String(), nullable=False),
        sa.Column("broken", sa.String(), nullable=False),
        sa.Column("wanted", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mark BETWEEN 1 AND 5", name=op.f("ck_weekly_report_mark")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_weekly_report_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_weekly_report_release_id_release"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_weekly_report")),
        sa.UniqueConstraint("release_id", "person_id", name=op.f("uq_weekly_report_release_id_person_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_weekly_report_person_id"), "weekly_report", ["person_id"])
    op.create_table(
        "report_reminder",
        sa.Column("release_id", Key, nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["release_id"], ["release.id"], name=op.f("fk_report_reminder_release_id_release"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("release_id", name=op.f("pk_report_reminder")),
    )


def downgrade() -> None:
    op.drop_table("report_reminder")
    op.drop_index(op.f("ix_weekly_report_person_id"), table_name="weekly_report")
    op.drop_table("weekly_report")
