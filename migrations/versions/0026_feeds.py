"""Update feeds: keys of testers, the programme's signer, what updaters want to know of a file."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "feed_key",
        sa.Column("person_id", Key, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", Key, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_feed_key_person_id_person"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_key")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feed_key_person_id"), "feed_key", ["person_id"])
    op.create_table(
        "feed_signer",
        sa.Column("id", Key, autoincrement=False, nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("public", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_feed_signer_only_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_signer")),
    )
    op.create_table(
        "build_proof",
        sa.Column("build_id", Key, nullable=False),
        sa.Column("sha512", sa.String(), nullable=False),
        sa.Column("ed25519", sa.String(), nullable=False),
        sa.Column("bundle_id", sa.String(), nullable=True),
        sa.Column("proved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"], ["build.id"], name=op.f("fk_build_proof_build_id_build"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("build_id", name=op.f("pk_build_proof")),
    )


def downgrade() -> None:
    op.drop_table("build_proof")
    op.drop_table("feed_signer")
    op.drop_index(op.f("ix_feed_key_person_id"), table_name="feed_key")
    op.drop_table("feed_key")
