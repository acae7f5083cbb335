"""The files that a build goes out with are fixed as its notes are."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

HAD_ANY = sa.text(
    """UPDATE fixed_notes SET with_files = true WHERE EXISTS (
    SELECT 1 FROM artefact WHERE artefact.build_id = fixed_notes.build_id
    AND artefact.added_at <= fixed_notes.fixed_at)"""
)


def upgrade() -> None:
    with op.batch_alter_table("fixed_notes") as batch:
        batch.add_column(sa.Column("with_files", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute(HAD_ANY)
    with op.batch_alter_table("fixed_notes") as batch:
        batch.alter_column("with_files", server_default=None)


def downgrade() -> None:
    op.drop_column("fixed_notes", "with_files")
