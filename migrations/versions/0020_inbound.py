"""inbound: mailboxes that are read, what came in, answers, limits and alarms."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "inbound_limits",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("soft_bounces", KEY, nullable=False),
        sa.Column("soft_days", KEY, nullable=False),
        sa.Column("bounces_per_10_000", KEY, nullable=False),
        sa.Column("complaints_per_10_000", KEY, nullable=False),
        sa.Column("least_sent", KEY, nullable=False),
        sa.Column("sealed_hook_secret", sa.String(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_inbound_limits_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_limits")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "mailbox",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("imap", "pop3", name="mailboxkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("port", KEY, nullable=False),
        sa.Column(
            "tls",
            sa.Enum("tls", "starttls", "none", name="tls", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("sealed_password", sa.String(), nullable=False),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("deletes", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("reads_from", MOMENT, nullable=False),
        sa.Column("last_key", sa.String(), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("said", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_mailbox_port")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("name", name=op.f("uq_mailbox_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "inbound_alarm",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("origin_id", KEY, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("sent", KEY, nullable=False),
        sa.Column("bounced", KEY, nullable=False),
        sa.Column("complaints", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["origin_id"], ["origin.id"], name=op.f("fk_inbound_alarm_origin_id_origin"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_alarm")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbound_alarm_origin", "inbound_alarm", ["origin_id", "id"], unique=False)

    op.create_table(
        "incoming",
        sa.Column("id", KEY, autoincrement=True, nullable=False),
        sa.Column("mailbox_id", KEY, nullable=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "hard_bounce",
                "soft_bounce",
                "delayed",
                "complaint",
                "unsubscribed",
                "delivered",
                "auto_reply",
                "reply",
                "other",
                "unreadable",
                name="incomingkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("person_id", KEY, nullable=True),
        sa.Column("letter_id", KEY, nullable=True),
        sa.Column("proved", sa.Boolean(), nullable=False),
        sa.Column("from_address", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("quoted", sa.String(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_incoming_letter_id_letter"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["mailbox_id"], ["mailbox.id"], name=op.f("fk_incoming_mailbox_id_mailbox"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_incoming_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incoming")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_incoming_fingerprint")),
        sa.UniqueConstraint("mailbox_id", "key", name=op.f("uq_incoming_mailbox_id_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_incoming_kind", "incoming", ["kind", "id"], unique=False)
    op.create_index(
        "ix_incoming_letter",
        "incoming",
        ["letter_id"],
        unique=False,
        sqlite_where=sa.text("letter_id IS NOT NULL"),
        postgresql_where=sa.text("letter_id IS NOT NULL"),
    )
    op.create_index("ix_incoming_person", "incoming", ["person_id", "id"], unique=False)

    op.create_table(
        "mail_answer",
        sa.Column("letter_id", KEY, autoincrement=False, nullable=False),
        sa.Column("incoming_id", KEY, nullable=True),
        sa.Column("staff_id", KEY, nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incoming_id"], ["incoming.id"], name=op.f("fk_mail_answer_incoming_id_incoming"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["letter.id"], name=op.f("fk_mail_answer_letter_id_letter"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["person.id"], name=op.f("fk_mail_answer_staff_id_person")),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_mail_answer")),
    )
    op.create_index(op.f("ix_mail_answer_incoming_id"), "mail_answer", ["incoming_id"], unique=False)
    op.create_index(
        "ix_mail_answer_open",
        "mail_answer",
        ["letter_id"],
        unique=False,
        sqlite_where=sa.text("NOT settled"),
        postgresql_where=sa.text("NOT settled"),
    )
    op.create_index(op.f("ix_mail_answer_staff_id"), "mail_answer", ["staff_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_mail_answer_staff_id"), table_name="mail_answer")
    op.drop_index(
        "ix_mail_answer_open",
        sqlite_where=sa.text("NOT settled"),
        postgresql_where=sa.text("NOT settled"),
        table_name="mail_answer",
    )
    op.drop_index(op.f("ix_mail_answer_incoming_id"), table_name="mail_answer")

    op.drop_table("mail_answer")
    op.drop_index("ix_incoming_person", table_name="incoming")
    op.drop_index(
        "ix_incoming_letter",
        sqlite_where=sa.text("letter_id IS NOT NULL"),
        postgresql_where=sa.text("letter_id IS NOT NULL"),
        table_name="incoming",
    )
    op.drop_index("ix_incoming_kind", table_name="incoming")

    op.drop_table("incoming")
    op.drop_index("ix_inbound_alarm_origin", table_name="inbound_alarm")

    op.drop_table("inbound_alarm")
    op.drop_table("mailbox")
    op.drop_table("inbound_limits")
