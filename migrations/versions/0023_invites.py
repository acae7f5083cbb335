"""invites: short links; groups: their order, places and waiting list, rooms that tell us who joins."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

KEPT = {"sqlite_autoincrement": True}  # SQLite copies the table, and would forget it
STATES = ("waiting", "held", "taken", "lapsed")


def upgrade() -> None:
    op.create_table(
        "invite",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("origin_id", Key, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column("variant", sa.String(), nullable=False),
        sa.Column("sender_id", Key, nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened", Key, nullable=False),
        sa.Column("said_joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(opened = 0) = (first_opened_at IS NULL)", name=op.f("ck_invite_opened_has_moment")),
        sa.ForeignKeyConstraint(["origin_id"], ["origin.id"], name=op.f("fk_invite_origin_id_origin")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_invite_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["sender.id"], name=op.f("fk_invite_sender_id_sender")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invite")),
        sa.UniqueConstraint("code", name=op.f("uq_invite_code")),
        sa.UniqueConstraint("origin_id", "person_id", name=op.f("uq_invite_origin_id_person_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_invite_person", "invite", ["person_id", "last_opened_at"])
    op.add_column("chat_group", sa.Column("position", Key, nullable=False, server_default="0"))
    op.execute("UPDATE chat_group SET position = id")
    with op.batch_alter_table("chat_group", table_kwargs=KEPT) as batch:
        batch.alter_column("position", server_default=None)
    with op.batch_alter_table("membership", table_kwargs=KEPT) as batch:
        batch.add_column(sa.Column("invite_id", Key, nullable=True))
        batch.create_foreign_key(
            op.f("fk_membership_invite_id_invite"), "invite", ["invite_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index(
        "ix_membership_invite",
        "membership",
        ["invite_id"],
        sqlite_where=sa.text("invite_id IS NOT NULL"),
        postgresql_where=sa.text("invite_id IS NOT NULL"),
    )
    _places()
    _rooms()


def _places() -> None:
    op.create_table(
        "group_place",
        sa.Column("id", Key, autoincrement=True, nullable=False),
        sa.Column("person_id", Key, nullable=False),
        sa.Column(
            "state",
            sa.Enum(*STATES, name="placestate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("group_id", Key, nullable=True),
        sa.Column("invite_id", Key, nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "state != 'held' OR (group_id IS NOT NULL AND held_until IS NOT NULL)",
            name=op.f("ck_group_place_held_is_somewhere"),
        ),
        sa.ForeignKeyConstraint(["group_id"], ["chat_group.id"], name=op.f("fk_group_place_group_id_chat_group")),
        sa.ForeignKeyConstraint(
            ["invite_id"], ["invite.id"], name=op.f("fk_group_place_invite_id_invite"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_group_place_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_group_place")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_group_place_running",
        "group_place",
        ["person_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('waiting', 'held')"),
        postgresql_where=sa.text("state IN ('waiting', 'held')"),
    )
    op.create_index("ix_group_place_state", "group_place", ["state", "group_id", "asked_at"])
    op.create_index("ix_group_place_invite", "group_place", ["invite_id"])


def _rooms() -> None:
    op.create_table(
        "group_key",
        sa.Column("group_id", Key, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["chat_group.id"], name=op.f("fk_group_key_group_id_chat_group"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_group_key")),
    )
    op.create_table(
        "group_event",
        sa.Column("group_id", Key, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["chat_group.id"], name=op.f("fk_group_event_group_id_chat_group"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "event_id", name=op.f("pk_group_event")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "matrix_room",
        sa.Column("group_id", Key, autoincrement=False, nullable=False),
        sa.Column("homeserver", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["chat_group.id"], name=op.f("fk_matrix_room_group_id_chat_group"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_matrix_room")),
    )


def downgrade() -> None:
    for table in ("matrix_room", "group_event", "group_key", "group_place"):
        op.drop_table(table)
    op.drop_index("ix_membership_invite", "membership")
    with op.batch_alter_table("membership", table_kwargs=KEPT) as batch:
        batch.drop_constraint(op.f("fk_membership_invite_id_invite"), type_="foreignkey")
        batch.drop_column("invite_id")
    with op.batch_alter_table("chat_group", table_kwargs=KEPT) as batch:
        batch.drop_column("position")
    op.drop_table("invite")
