"""outbox: its tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sender",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column(
            "kind",
            sa.Enum("mailbox", "account", name="senderkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("level", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("per_day", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("per_hour", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender")),
        sa.UniqueConstraint("name", name=op.f("uq_sender_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "wording",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wording")),
        sa.UniqueConstraint("key", "language", "version", name=op.f("uq_wording_key_language_version")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contact",
        sa.Column(
            "person_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_touch_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_channel", sa.String(), nullable=True),
        sa.Column("first_origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["first_origin_id"], ["origin.id"], name=op.f("fk_contact_first_origin_id_origin")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_contact_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_contact")),
    )
    op.create_index("ix_contact_last_touch", "contact", ["last_touch_at", "person_id"], unique=False)
    op.create_index(
        "ix_contact_waiting",
        "contact",
        ["waiting_since", "person_id"],
        unique=False,
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.create_table(
        "letter",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("mail", "hand", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "lane",
            sa.Enum(
                "asked",
                "notice",
                "campaign",
                name="lane",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "refused",
                "bounced",
                "suppressed",
                "cancelled",
                "expired",
                "uncertain",
                name="letterstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("wording_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("values", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("identity_kind", sa.String(), nullable=False),
        sa.Column("identity_value", sa.String(), nullable=False),
        sa.Column("sender_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint("state != 'sending' OR lease_until IS NOT NULL", name=op.f("ck_letter_sending_has_lease")),
        sa.CheckConstraint("state != 'sent' OR sent_at IS NOT NULL", name=op.f("ck_letter_sent_has_moment")),
        sa.ForeignKeyConstraint(["held_by_id"], ["person.id"], name=op.f("fk_letter_held_by_id_person")),
        sa.ForeignKeyConstraint(["origin_id"], ["origin.id"], name=op.f("fk_letter_origin_id_origin")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_letter_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["sender_id"], ["sender.id"], name=op.f("fk_letter_sender_id_sender")),
        sa.ForeignKeyConstraint(["wording_id"], ["wording.id"], name=op.f("fk_letter_wording_id_wording")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("person_id", "occasion", name=op.f("uq_letter_person_id_occasion")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_letter_due",
        "letter",
        ["channel", "lane", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "ix_letter_leased",
        "letter",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_letter_uncertain",
        "letter",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'uncertain'"),
        postgresql_where=sa.text("state = 'uncertain'"),
    )
    op.create_index(
        "ix_letter_turn",
        "letter",
        ["channel", "origin_id", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'queued' AND lane = 'campaign'"),
        postgresql_where=sa.text("state = 'queued' AND lane = 'campaign'"),
    )
    op.create_index(
        "ix_letter_ended_otherwise",
        "letter",
        ["state", "id"],
        unique=False,
        sqlite_where=sa.text("state NOT IN ('queued', 'sending', 'sent')"),
        postgresql_where=sa.text("state NOT IN ('queued', 'sending', 'sent')"),
    )
    op.create_index("ix_letter_origin_state", "letter", ["origin_id", "state", "id"], unique=False)
    op.create_index(
        "ix_letter_held_by",
        "letter",
        ["held_by_id"],
        unique=False,
        sqlite_where=sa.text("held_by_id IS NOT NULL"),
        postgresql_where=sa.text("held_by_id IS NOT NULL"),
    )
    op.create_table(
        "pace",
        sa.Column(
            "origin_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("per_hour", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("per_hour IS NULL OR per_hour > 0", name=op.f("ck_pace_moves")),
        sa.ForeignKeyConstraint(
            ["origin_id"], ["origin.id"], name=op.f("fk_pace_origin_id_origin"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("origin_id", name=op.f("pk_pace")),
    )
    op.create_table(
        "sender_day",
        sa.Column("sender_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("sent", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["sender_id"], ["sender.id"], name=op.f("fk_sender_day_sender_id_sender"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sender_id", "day", name=op.f("pk_sender_day")),
    )
    op.create_table(
        "touch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "direction",
            sa.Enum("out", "in", name="direction", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "sent",
                "replied",
                "joined",
                "refused",
                "not_found",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("letter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_touch_letter_id_letter"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["origin_id"], ["origin.id"], name=op.f("fk_touch_origin_id_origin")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_touch_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["person.id"], name=op.f("fk_touch_staff_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touch")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_touch_origin_id"), "touch", ["origin_id"], unique=False)
    op.create_index("ix_touch_person_at", "touch", ["person_id", "at"], unique=False)
    op.create_index(
        "ix_touch_staff",
        "touch",
        ["staff_id"],
        unique=False,
        sqlite_where=sa.text("staff_id IS NOT NULL"),
        postgresql_where=sa.text("staff_id IS NOT NULL"),
    )
    op.create_index(
        "ix_touch_refused",
        "touch",
        ["person_id", "at"],
        unique=False,
        sqlite_where=sa.text("outcome = 'refused'"),
        postgresql_where=sa.text("outcome = 'refused'"),
    )
    op.create_index(
        "uq_touch_letter_outcome",
        "touch",
        ["letter_id", "outcome"],
        unique=True,
        sqlite_where=sa.text("letter_id IS NOT NULL"),
        postgresql_where=sa.text("letter_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_touch_letter_outcome",
        table_name="touch",
        sqlite_where=sa.text("letter_id IS NOT NULL"),
        postgresql_where=sa.text("letter_id IS NOT NULL"),
    )
    op.drop_index(
        "ix_touch_refused",
        table_name="touch",
        sqlite_where=sa.text("outcome = 'refused'"),
        postgresql_where=sa.text("outcome = 'refused'"),
    )
    op.drop_index("ix_touch_staff", table_name="touch")
    op.drop_index("ix_touch_person_at", table_name="touch")
    op.drop_index(op.f("ix_touch_origin_id"), table_name="touch")
    op.drop_table("touch")
    op.drop_table("sender_day")
    op.drop_table("pace")
    op.drop_index("ix_letter_held_by", table_name="letter")
    op.drop_index("ix_letter_origin_state", table_name="letter")
    op.drop_index(
        "ix_letter_ended_otherwise",
        table_name="letter",
        sqlite_where=sa.text("state NOT IN ('queued', 'sending', 'sent')"),
        postgresql_where=sa.text("state NOT IN ('queued', 'sending', 'sent')"),
    )
    op.drop_index(
        "ix_letter_turn",
        table_name="letter",
        sqlite_where=sa.text("state = 'queued' AND lane = 'campaign'"),
        postgresql_where=sa.text("state = 'queued' AND lane = 'campaign'"),
    )
    op.drop_index("ix_letter_uncertain", table_name="letter")
    op.drop_index(
        "ix_letter_leased",
        table_name="letter",
        sqlite_where=sa.text("state = 'sending'"),
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.drop_index(
        "ix_letter_due",
        table_name="letter",
        sqlite_where=sa.text("state = 'queued'"),
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.drop_table("letter")
    op.drop_index(
        "ix_contact_waiting",
        table_name="contact",
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.drop_index("ix_contact_last_touch", table_name="contact")
    op.drop_table("contact")
    op.drop_table("wording")
    op.drop_table("sender")
