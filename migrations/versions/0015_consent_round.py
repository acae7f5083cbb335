"""credits: consent rounds, likeness of names, since when a yes is a no."""

import sqlalchemy as sa
from alembic import op

from campaigns.credits.rules.likeness import likeness

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FEW = 5000


def upgrade() -> None:
    with op.batch_alter_table("consent") as table:
        table.add_column(sa.Column("likeness", sa.String(), server_default="", nullable=False))
        table.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    _fill()
    with op.batch_alter_table("consent") as table:
        table.create_check_constraint(op.f("ck_consent_yes_is_not_withdrawn"), "answer = 'no' OR withdrawn_at IS NULL")
    op.create_index(
        "ix_consent_likeness",
        "consent",
        ["likeness"],
        unique=False,
        sqlite_where=sa.text("likeness != ''"),
        postgresql_where=sa.text("likeness != ''"),
    )
    op.create_table(
        "consent_round",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_id", KEY, nullable=True),
        sa.Column("job_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_consent_round_job_id_job")),
        sa.ForeignKeyConstraint(["started_by_id"], ["person.id"], name=op.f("fk_consent_round_started_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_round")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "consent_ask",
        sa.Column("person_id", KEY, autoincrement=False, nullable=False),
        sa.Column("round_id", KEY, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_consent_ask_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["consent_round.id"], name=op.f("fk_consent_ask_round_id_consent_round"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_consent_ask")),
    )
    op.create_index(op.f("ix_consent_ask_round_id"), "consent_ask", ["round_id"], unique=False)
    op.create_index(
        "ix_consent_ask_remind",
        "consent_ask",
        ["remind_at", "person_id"],
        unique=False,
        sqlite_where=sa.text("remind_at IS NOT NULL"),
        postgresql_where=sa.text("remind_at IS NOT NULL"),
    )


def _fill() -> None:
    """The names that may be shown get their likeness; whoever is on a boot screen and said no has withdrawn."""
    known = op.get_bind()
    consent = sa.table(
        "consent", sa.column("person_id", KEY), sa.column("answer"), sa.column("shown_name"), sa.column("likeness")
    )
    last = 0
    while rows := known.execute(
        sa.select(consent.c.person_id, consent.c.shown_name)
        .where(consent.c.answer == "yes", consent.c.person_id > last)
        .order_by(consent.c.person_id)
        .limit(FEW)
    ).all():
        last = rows[-1][0]
        known.execute(
            sa.update(consent).where(consent.c.person_id == sa.bindparam("who")).values(likeness=sa.bindparam("alike")),
            [{"who": person_id, "alike": likeness(name)} for person_id, name in rows],
        )
    op.execute(
        "UPDATE consent SET withdrawn_at = answered_at"
        " WHERE answer = 'no' AND person_id IN (SELECT person_id FROM edition_name)"
    )


def downgrade() -> None:
    op.drop_index("ix_consent_ask_remind", table_name="consent_ask")
    op.drop_index(op.f("ix_consent_ask_round_id"), table_name="consent_ask")
    op.drop_table("consent_ask")
    op.drop_table("consent_round")
    op.drop_index("ix_consent_likeness", table_name="consent")
    with op.batch_alter_table("consent") as table:
        table.drop_constraint(op.f("ck_consent_yes_is_not_withdrawn"), type_="check")
        table.drop_column("withdrawn_at")
        table.drop_column("likeness")
