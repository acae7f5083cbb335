"""A build has artefacts, one per device; its channel, order and end; uploads on their way, and who downloaded what."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
PROOF = ("sha512", "ed25519", "app_id", "app_name", "app_version", "needs_os", "icon_key")


def _artefacts() -> None:
    op.create_table(
        "artefact",
        sa.Column("build_id", ID, nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_key", sa.String(), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.Column("looked_at", MOMENT, nullable=True),
        *(sa.Column(name, sa.String(), nullable=True) for name in PROOF),
        sa.Column("id", ID, nullable=False),
        sa.CheckConstraint(
            "(looked_at IS NULL) = (sha512 IS NULL) AND (looked_at IS NULL) = (ed25519 IS NULL)",
            name=op.f("ck_artefact_looked_at_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["build_id"], ["build.id"], name=op.f("fk_artefact_build_id_build"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artefact")),
        sa.UniqueConstraint("build_id", "device", name=op.f("uq_artefact_build_id_device")),
        sqlite_autoincrement=True,
    )
    op.execute(
        "INSERT INTO artefact (build_id, device, file_name, file_key, size, sha256, added_at, looked_at,"
        " sha512, ed25519, app_id) "
        "SELECT build.id, '', coalesce(file_name, 'build'), file_key, coalesce(size, 0), sha256, registered_at,"
        " proved_at, sha512, ed25519, bundle_id "
        "FROM build LEFT JOIN build_proof ON build_proof.build_id = build.id WHERE file_key IS NOT NULL"
    )
    op.drop_table("build_proof")


def _builds() -> None:
    with op.batch_alter_table("build") as batch:
        batch.add_column(sa.Column("channel", sa.String(), nullable=False, server_default="beta"))
        batch.add_column(sa.Column("ordered_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("expires_at", MOMENT, nullable=True))
        batch.drop_constraint(op.f("ck_build_file_has_sum"), type_="check")
        for column in ("file_name", "file_key", "size", "sha256"):
            batch.drop_column(column)
    op.execute("UPDATE build SET ordered_at = registered_at")
    with op.batch_alter_table("build") as batch:
        batch.alter_column("ordered_at", nullable=False)
        batch.alter_column("channel", server_default=None)
    op.create_index("ix_build_platform_order", "build", ["platform", "ordered_at"])
    op.create_index(
        "ix_build_expires_at",
        "build",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL"),
        postgresql_where=sa.text("expires_at IS NOT NULL"),
    )
    op.add_column("build_note", sa.Column("to_test", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("build_note") as batch:
        batch.alter_column("to_test", server_default=None)


def upgrade() -> None:
    _artefacts()
    _builds()
    op.create_table(
        "upload",
        sa.Column("build_id", ID, nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("file_key", sa.String(), nullable=False),
        sa.Column("size", ID, nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("by_id", ID, nullable=False),
        sa.Column("begun_at", MOMENT, nullable=False),
        sa.Column("touched_at", MOMENT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.CheckConstraint("state IN ('arriving', 'arrived', 'stored', 'refused')", name=op.f("ck_upload_uploadstate")),
        sa.ForeignKeyConstraint(["build_id"], ["build.id"], name=op.f("fk_upload_build_id_build"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["by_id"], ["person.id"], name=op.f("fk_upload_by_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("file_key", name=op.f("uq_upload_file_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_upload_state", "upload", ["state", "touched_at"])
    op.create_index("ix_upload_build_id", "upload", ["build_id"])
    op.create_table(
        "build_download",
        sa.Column("build_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"], ["build.id"], name=op.f("fk_build_download_build_id_build"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_build_download_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("build_id", "person_id", name=op.f("pk_build_download")),
    )
    op.create_index("ix_build_download_person_id", "build_download", ["person_id"])
    op.add_column("release_hour", sa.Column("downloaded", ID, nullable=False, server_default="0"))
    with op.batch_alter_table("release_hour") as batch:
        batch.alter_column("downloaded", server_default=None)


def downgrade() -> None:
    op.drop_column("release_hour", "downloaded")
    op.drop_table("build_download")
    op.drop_table("upload")
    op.drop_column("build_note", "to_test")
    op.create_table(
        "build_proof",
        sa.Column("build_id", ID, nullable=False),
        sa.Column("sha512", sa.String(), nullable=False),
        sa.Column("ed25519", sa.String(), nullable=False),
        sa.Column("bundle_id", sa.String(), nullable=True),
        sa.Column("proved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"], ["build.id"], name=op.f("fk_build_proof_build_id_build"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("build_id", name=op.f("pk_build_proof")),
    )
    op.execute(
        "INSERT INTO build_proof (build_id, sha512, ed25519, bundle_id, proved_at) "
        "SELECT build_id, sha512, ed25519, app_id, looked_at FROM artefact WHERE device = '' AND looked_at IS NOT NULL"
    )
    op.drop_index("ix_build_expires_at", table_name="build")
    op.drop_index("ix_build_platform_order", table_name="build")
    with op.batch_alter_table("build") as batch:
        batch.add_column(sa.Column("file_name", sa.String(), nullable=True))
        batch.add_column(sa.Column("file_key", sa.String(), nullable=True))
        batch.add_column(sa.Column("size", ID, nullable=True))
        batch.add_column(sa.Column("sha256", sa.String(), nullable=True))
        for column in ("channel", "ordered_at", "expires_at"):
            batch.drop_column(column)
    for column in ("file_name", "file_key", "size", "sha256"):
        op.execute(
            f"UPDATE build SET {column} = (SELECT {column} FROM artefact"  # noqa: S608 -- the names stand above
            " WHERE artefact.build_id = build.id AND device = '')"
        )
    with op.batch_alter_table("build") as batch:
        batch.create_check_constraint(op.f("ck_build_file_has_sum"), "(file_key IS NULL) = (sha256 IS NULL)")
    op.drop_table("artefact")
