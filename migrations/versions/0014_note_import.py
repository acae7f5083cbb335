"""A note knows the import that wrote it; the journal tells merges without names."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Until now an import's notes were known by its moment alone. Where two imports of one moment brought the same person,
# nobody can tell any more whose note it is: it belongs to no import then, and no undo takes it away.
BY_MOMENT = """
FROM imported_person JOIN people_import ON people_import.id = imported_person.import_id
WHERE imported_person.person_id = note.person_id AND people_import.created_at = note.at
"""
TELL = f"""
UPDATE note SET import_id = (SELECT min(people_import.id) {BY_MOMENT})
WHERE author_id IS NULL AND (SELECT count(*) {BY_MOMENT}) = 1
"""  # noqa: S608 -- only our own words


def upgrade() -> None:
    with op.batch_alter_table("note", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.add_column(sa.Column("import_id", KEY, nullable=True))
        batch.create_foreign_key(op.f("fk_note_import_id_people_import"), "people_import", ["import_id"], ["id"])
        batch.create_index(
            "ix_note_import",
            ["import_id"],
            sqlite_where=sa.text("import_id IS NOT NULL"),
            postgresql_where=sa.text("import_id IS NOT NULL"),
        )
    op.execute(TELL)
    # Tries to sign in stood under mail addresses, now under hashes of them; they count for a quarter of an hour only.
    op.execute("DELETE FROM attempt")
    # What a merge told by name stayed when one of the two was forgotten; the numbers in `after` suffice.
    journal = sa.table("journal", sa.column("action", sa.String), sa.column("before", sa.JSON))
    op.execute(journal.update().where(journal.c.action == "people.merge").values(before=sa.null()))


def downgrade() -> None:
    with op.batch_alter_table("note", table_kwargs={"sqlite_autoincrement": True}) as batch:
        batch.drop_index("ix_note_import")
        batch.drop_constraint(op.f("fk_note_import_id_people_import"), type_="foreignkey")
        batch.drop_column("import_id")
