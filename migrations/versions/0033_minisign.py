"""An artefact may carry the signature that its makers gave it, for Tauri's updater; when notes were written."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("artefact", sa.Column("minisign", sa.String(), nullable=True))
    op.add_column("build", sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("build", "noted_at")
    op.drop_column("artefact", "minisign")
