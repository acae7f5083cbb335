"""outbox: accounts, their seeding log, and what is recorded in a queue by hand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
ENDS = (
    "sent", "replied", "joined", "refused", "not_found", "later", "not_suitable", "wrong_channel", "other",
)  # fmt: skip


def upgrade() -> None:
    op.add_column("sender", sa.Column("needs_level", KEY, nullable=True))
    op.add_column("sender", sa.Column("needs_posts", KEY, nullable=True))
    _account_user()
    _seeding_post()
    _writing_as()
    _hand_record()


def downgrade() -> None:
    op.drop_table("hand_record")
    op.drop_table("writing_as")
    op.drop_table("seeding_post")
    op.drop_table("account_user")
    op.drop_column("sender", "needs_posts")
    op.drop_column("sender", "needs_level")


def _key(name: str, target: str, *, nullable: bool = False, ondelete: str | None = "CASCADE") -> sa.Column[int]:
    return sa.Column(name, KEY, sa.ForeignKey(target, ondelete=ondelete), autoincrement=False, nullable=nullable)


def _account_user() -> None:
    op.create_table(
        "account_user",
        _key("sender_id", "sender.id"),
        _key("person_id", "person.id"),
        sa.PrimaryKeyConstraint("sender_id", "person_id", name=op.f("pk_account_user")),
    )
    op.create_index(op.f("ix_account_user_person_id"), "account_user", ["person_id"])


def _seeding_post() -> None:
    op.create_table(
        "seeding_post",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        _key("sender_id", "sender.id"),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("forum", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("level_after", KEY, nullable=True),
        _key("by_id", "person.id", nullable=True, ondelete=None),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seeding_post")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_seeding_post_day", "seeding_post", ["sender_id", "posted_on", "id"])
    op.create_index(op.f("ix_seeding_post_by_id"), "seeding_post", ["by_id"])
    linked = sa.text("link != ''")
    op.create_index(
        "uq_seeding_post_link", "seeding_post", ["sender_id", "link"],
        unique=True, sqlite_where=linked, postgresql_where=linked,
    )  # fmt: skip


def _writing_as() -> None:
    op.create_table(
        "writing_as",
        _key("staff_id", "person.id"),
        _key("origin_id", "origin.id"),
        _key("sender_id", "sender.id"),
        sa.PrimaryKeyConstraint("staff_id", "origin_id", name=op.f("pk_writing_as")),
    )
    op.create_index(op.f("ix_writing_as_sender_id"), "writing_as", ["sender_id"])


def _hand_record() -> None:
    op.create_table(
        "hand_record",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        _key("letter_id", "letter.id"),
        _key("person_id", "person.id"),
        _key("staff_id", "person.id", ondelete=None),
        _key("sender_id", "sender.id", nullable=True, ondelete=None),
        sa.Column(
            "outcome",
            sa.Enum(*ENDS, name="handend", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_record")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hand_record_letter_id"), "hand_record", ["letter_id"])
    op.create_index(op.f("ix_hand_record_person_id"), "hand_record", ["person_id"])
    op.create_index("ix_hand_record_staff", "hand_record", ["staff_id", "recorded_at"])
    op.create_index("ix_hand_record_recorded", "hand_record", ["recorded_at", "sender_id", "staff_id"])
