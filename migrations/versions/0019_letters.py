"""outbox: keys that sign letters, who wants no more campaigns, and the letters that lack a value."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
HELD = "state = 'queued' AND reason IS NOT NULL"
ACTIVE = "state = 'active'"


def _words(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "dkim_key",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("domain", sa.String(), nullable=False),
        sa.Column("selector", sa.String(), nullable=False),
        sa.Column("algorithm", _words("algorithm", "rsa", "ed25519"), nullable=False),
        sa.Column("state", _words("keystate", "waiting", "active", "retired"), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dkim_key")),
        sa.UniqueConstraint("domain", "selector", name=op.f("uq_dkim_key_domain_selector")),
        sqlite_autoincrement=True,
    )
    active, held = sa.text(ACTIVE), sa.text(HELD)
    op.create_index(
        "uq_dkim_key_active", "dkim_key", ["domain", "algorithm"], unique=True,
        sqlite_where=active, postgresql_where=active,
    )  # fmt: skip
    op.create_table(
        "campaign_refusal",
        sa.Column("person_id", KEY, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_campaign_refusal_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_campaign_refusal")),
    )
    op.create_index("ix_letter_held", "letter", ["id"], unique=False, sqlite_where=held, postgresql_where=held)


def downgrade() -> None:
    op.drop_index("ix_letter_held", table_name="letter")
    op.drop_table("campaign_refusal")
    op.drop_index("uq_dkim_key_active", table_name="dkim_key")
    op.drop_table("dkim_key")
