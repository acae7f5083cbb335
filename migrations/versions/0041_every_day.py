"""A train may leave every day: its release is one of a day of a week."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAYS = sa.text("release_id IN (SELECT id FROM release WHERE day > 0)")
OF_RELEASES = ("release_hour", "report_reminder", "weekly_report", "wave")


def upgrade() -> None:
    with op.batch_alter_table("train") as batch:
        batch.drop_constraint(op.f("ck_train_weekday"), type_="check")
        batch.create_check_constraint(op.f("ck_train_weekday"), "weekday BETWEEN 0 AND 7")
    with op.batch_alter_table("release") as batch:
        batch.add_column(sa.Column("day", ID, nullable=False, server_default="0"))
        batch.drop_constraint(op.f("uq_release_train_id_week"), type_="unique")
        batch.create_unique_constraint(op.f("uq_release_train_id_week_day"), ["train_id", "week", "day"])
        batch.create_check_constraint(op.f("ck_release_day"), "day BETWEEN 0 AND 7")
    with op.batch_alter_table("release") as batch:
        batch.alter_column("day", server_default=None)


def downgrade() -> None:
    """A week holds one release of a train again: those of days go, and their trains, which then run no more, stay."""
    op.execute("DELETE FROM fixed_notes WHERE fixed_by IN (SELECT 'release:' || id FROM release WHERE day > 0)")
    for table in OF_RELEASES:
        op.execute(sa.delete(sa.table(table)).where(DAYS))
    op.execute("DELETE FROM release WHERE day > 0")
    op.execute("UPDATE train SET weekday = 4, active = false WHERE weekday = 7")
    with op.batch_alter_table("release") as batch:
        batch.drop_constraint(op.f("ck_release_day"), type_="check")
        batch.drop_constraint(op.f("uq_release_train_id_week_day"), type_="unique")
        batch.create_unique_constraint(op.f("uq_release_train_id_week"), ["train_id", "week"])
        batch.drop_column("day")
    with op.batch_alter_table("train") as batch:
        batch.drop_constraint(op.f("ck_train_weekday"), type_="check")
        batch.create_check_constraint(op.f("ck_train_weekday"), "weekday BETWEEN 0 AND 6")
