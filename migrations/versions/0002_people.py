"""people: its tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("person_id", name=op.f("uq_erasure_person_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "origin",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "campaign",
                "variant",
                "invite_link",
                "import",
                "fcode",
                "partner",
                "own_site",
                name="originkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_origin")),
        sa.UniqueConstraint("kind", "key", name=op.f("uq_origin_kind_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("owner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_into_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("forgotten_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("merged_into_id != id", name=op.f("ck_person_not_into_itself")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["person.id"], name=op.f("fk_person_merged_into_id_person")),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"], name=op.f("fk_person_owner_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_person_listed", "person", ["collected_at", "id"], unique=False)
    op.create_index(
        "ix_person_merged",
        "person",
        ["merged_into_id"],
        unique=False,
        sqlite_where=sa.text("merged_into_id IS NOT NULL"),
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index("ix_person_name", "person", ["name", "id"], unique=False)
    op.create_index(op.f("ix_person_owner_id"), "person", ["owner_id"], unique=False)
    op.create_table(
        "suppression",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "declined",
                "unsubscribed",
                "bounced",
                "complaint",
                "forgotten",
                "imported",
                name="suppressionreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_suppression")),
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("name", name=op.f("uq_tag_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "identity",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_identity_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kind", "value", name=op.f("pk_identity")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_identity_person_id"), "identity", ["person_id"], unique=False)
    op.create_table(
        "merge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("keep_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("lose_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("moved", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_merge_by_id_person")),
        sa.ForeignKeyConstraint(["keep_id"], ["person.id"], name=op.f("fk_merge_keep_id_person")),
        sa.ForeignKeyConstraint(["lose_id"], ["person.id"], name=op.f("fk_merge_lose_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_merge_keep_id"), "merge", ["keep_id"], unique=False)
    op.create_index(op.f("ix_merge_lose_id"), "merge", ["lose_id"], unique=False)
    op.create_table(
        "note",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["person.id"], name=op.f("fk_note_author_id_person")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_note_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_note_person_at", "note", ["person_id", "at"], unique=False)
    op.create_index(
        "ix_note_author",
        "note",
        ["author_id"],
        unique=False,
        sqlite_where=sa.text("author_id IS NOT NULL"),
        postgresql_where=sa.text("author_id IS NOT NULL"),
    )
    op.create_table(
        "people_import",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("stored_key", sa.String(), nullable=True),
        sa.Column("refused_key", sa.String(), nullable=True),
        sa.Column("encoding", sa.String(), nullable=False),
        sa.Column("delimiter", sa.String(), nullable=False),
        sa.Column("mapping", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("board", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "member",
                "expert",
                "moderator",
                name="siterole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "uploaded",
                "previewed",
                "running",
                "done",
                "cancelled",
                "failed",
                "undone",
                name="importstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("preview", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("read", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("new", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("known", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("merge_proposals", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("refused", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("suppressed", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_people_import_by_id_person")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_people_import_job_id_job")),
        sa.ForeignKeyConstraint(["origin_id"], ["origin.id"], name=op.f("fk_people_import_origin_id_origin")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people_import")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "person_tag",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("tag_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_person_tag_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_person_tag_tag_id_tag"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person_id", "tag_id", name=op.f("pk_person_tag")),
    )
    op.create_index("ix_person_tag_tag", "person_tag", ["tag_id", "person_id"], unique=False)
    op.create_table(
        "imported_person",
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created", sa.Boolean(), nullable=False),
        sa.Column("added", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["people_import.id"],
            name=op.f("fk_imported_person_import_id_people_import"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_imported_person_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("import_id", "person_id", name=op.f("pk_imported_person")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_imported_person_person_id"), "imported_person", ["person_id"], unique=False)
    op.create_table(
        "merge_proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("first_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("second_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "merged",
                "rejected",
                name="proposalstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_merge_proposal_lower_first")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["person.id"], name=op.f("fk_merge_proposal_decided_by_id_person")),
        sa.ForeignKeyConstraint(
            ["first_id"], ["person.id"], name=op.f("fk_merge_proposal_first_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["people_import.id"], name=op.f("fk_merge_proposal_import_id_people_import")
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["person.id"], name=op.f("fk_merge_proposal_second_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merge_proposal")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_merge_proposal_first_id_second_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_merge_proposal_import_id"), "merge_proposal", ["import_id"], unique=False)
    op.create_index(op.f("ix_merge_proposal_second_id"), "merge_proposal", ["second_id"], unique=False)
    op.create_table(
        "source",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("board", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "member",
                "expert",
                "moderator",
                name="siterole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_by_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("recruiter_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("origin_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["found_by_id"], ["person.id"], name=op.f("fk_source_found_by_id_person")),
        sa.ForeignKeyConstraint(["import_id"], ["people_import.id"], name=op.f("fk_source_import_id_people_import")),
        sa.ForeignKeyConstraint(["origin_id"], ["origin.id"], name=op.f("fk_source_origin_id_origin")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_source_person_id_person"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["recruiter_id"], ["person.id"], name=op.f("fk_source_recruiter_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_source_import_id"), "source", ["import_id"], unique=False)
    op.create_index(op.f("ix_source_origin_id"), "source", ["origin_id"], unique=False)
    op.create_index("ix_source_person_found", "source", ["person_id", "found_at"], unique=False)
    op.create_index(op.f("ix_source_recruiter_id"), "source", ["recruiter_id"], unique=False)
    op.create_index("ix_source_site", "source", ["site", "board"], unique=False)
    op.create_index(
        "ix_source_found_by",
        "source",
        ["found_by_id"],
        unique=False,
        sqlite_where=sa.text("found_by_id IS NOT NULL"),
        postgresql_where=sa.text("found_by_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_source_found_by", table_name="source")
    op.drop_index("ix_source_site", table_name="source")
    op.drop_index(op.f("ix_source_recruiter_id"), table_name="source")
    op.drop_index("ix_source_person_found", table_name="source")
    op.drop_index(op.f("ix_source_origin_id"), table_name="source")
    op.drop_index(op.f("ix_source_import_id"), table_name="source")
    op.drop_table("source")
    op.drop_index(op.f("ix_merge_proposal_second_id"), table_name="merge_proposal")
    op.drop_index(op.f("ix_merge_proposal_import_id"), table_name="merge_proposal")
    op.drop_table("merge_proposal")
    op.drop_index(op.f("ix_imported_person_person_id"), table_name="imported_person")
    op.drop_table("imported_person")
    op.drop_index("ix_person_tag_tag", table_name="person_tag")
    op.drop_table("person_tag")
    op.drop_table("people_import")
    op.drop_index("ix_note_author", table_name="note")
    op.drop_index("ix_note_person_at", table_name="note")
    op.drop_table("note")
    op.drop_index(op.f("ix_merge_lose_id"), table_name="merge")
    op.drop_index(op.f("ix_merge_keep_id"), table_name="merge")
    op.drop_table("merge")
    op.drop_index(op.f("ix_identity_person_id"), table_name="identity")
    op.drop_table("identity")
    op.drop_table("tag")
    op.drop_table("suppression")
    op.drop_index(op.f("ix_person_owner_id"), table_name="person")
    op.drop_index("ix_person_name", table_name="person")
    op.drop_index("ix_person_merged", table_name="person")
    op.drop_index("ix_person_listed", table_name="person")
    op.drop_table("person")
    op.drop_table("origin")
    op.drop_table("erasure")
