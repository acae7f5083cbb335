"""A person, how they are reached, where we found them, and who must not be written to."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from crm.core.db import Key, Model, Numbered, state_type
from crm.people.rules import ImportState, OriginKind, ProposalState, SiteRole, SuppressionReason

LISTED = "merged_into_id IS NULL AND forgotten_at IS NULL"
NO_TESTER = "is_staff IS {} OR merged_into_id IS NOT NULL OR forgotten_at IS NOT NULL"


class Person(Numbered):
    """One human being. A merged one points to who stands for both; a forgotten one has lost all but the number."""

    __tablename__ = "person"
    __table_args__ = (
        Index("ix_person_listed", "collected_at", "id"),
        Index("ix_person_name", "name", "id"),
        Index(
            "ix_person_counted",
            "id",
            "language",
            "owner_id",
            "is_staff",
            sqlite_where=text(LISTED),
            postgresql_where=text(LISTED),
        ),
        Index(
            "ix_person_merged",
            "merged_into_id",
            sqlite_where=text("merged_into_id IS NOT NULL"),
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        # the few whom no count of testers may hold: asking for these is quicker than looking everybody else up
        Index(
            "ix_person_no_tester",
            "id",
            sqlite_where=text(NO_TESTER.format(1)),
            postgresql_where=text(NO_TESTER.format("TRUE")),
        ),
        CheckConstraint("merged_into_id != id", name="not_into_itself"),
    )

    name: Mapped[str] = mapped_column(default="")
    language: Mapped[str | None]
    zone: Mapped[str | None]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    is_staff: Mapped[bool] = mapped_column(default=False)
    collected_at: Mapped[datetime]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    forgotten_at: Mapped[datetime | None]

    identities: Mapped[list[Identity]] = relationship(
        back_populates="person", order_by="Identity.kind", passive_deletes=True
    )

    @property
    def is_listed(self) -> bool:
        return self.merged_into_id is None and self.forgotten_at is None

    @property
    def shown(self) -> str:
        return self.name or f"#{self.id}"


class Identity(Model):
    """`value` is normalised (see people/identities.py), so that the key finds whoever wrote it differently."""

    __tablename__ = "identity"
    __table_args__ = ({"sqlite_with_rowid": False},)

    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)

    person: Mapped[Person] = relationship(back_populates="identities")

    @property
    def written(self) -> str:
        return f"{self.kind}:{self.value}"


class Origin(Numbered):
    """A neutral label of where a person or touch came from; `key` is the maker's own, unique in its kind."""

    __tablename__ = "origin"
    __table_args__ = (UniqueConstraint("kind", "key"),)

    kind: Mapped[OriginKind] = mapped_column(state_type(OriginKind))
    key: Mapped[str]
    title: Mapped[str]


class Source(Numbered):
    """Where and how we found a person, and on what basis we may write to them."""

    __tablename__ = "source"
    __table_args__ = (
        Index("ix_source_person_found", "person_id", "found_at"),
        # what an audience asks of a source, in the order of people: a count joins it without a look at the table
        Index("ix_source_site", "site", "person_id", "board", "basis"),
        Index("ix_source_basis", "basis", "person_id"),
        Index(
            "ix_source_found_by",
            "found_by_id",
            sqlite_where=text("found_by_id IS NOT NULL"),
            postgresql_where=text("found_by_id IS NOT NULL"),
        ),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    site: Mapped[str]
    board: Mapped[str] = mapped_column(default="")
    role: Mapped[SiteRole | None] = mapped_column(state_type(SiteRole))
    basis: Mapped[str]
    found_at: Mapped[datetime]
    found_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    recruiter_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("origin.id"), index=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("people_import.id"), index=True)


class Tag(Numbered):
    __tablename__ = "tag"

    name: Mapped[str] = mapped_column(unique=True)


class PersonTag(Model):
    __tablename__ = "person_tag"
    __table_args__ = (Index("ix_person_tag_tag", "tag_id", "person_id"),)

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id", ondelete="CASCADE"), primary_key=True)


class Note(Numbered):
    """`import_id`: the import that wrote it, which is all that its undo may take away."""

    __tablename__ = "note"
    __table_args__ = (
        Index("ix_note_person_at", "person_id", "at"),
        Index(
            "ix_note_author",
            "author_id",
            sqlite_where=text("author_id IS NOT NULL"),
            postgresql_where=text("author_id IS NOT NULL"),
        ),
        Index(
            "ix_note_import",
            "import_id",
            sqlite_where=text("import_id IS NOT NULL"),
            postgresql_where=text("import_id IS NOT NULL"),
        ),
    )

    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    body: Mapped[str]
    at: Mapped[datetime]
    import_id: Mapped[int | None] = mapped_column(ForeignKey("people_import.id"))


class Suppression(Model):
    """The one list over all identities and channels: keyed hashes of `kind:value`; erasure and re-import leave it."""

    __tablename__ = "suppression"

    hash: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[SuppressionReason] = mapped_column(state_type(SuppressionReason))
    at: Mapped[datetime]


class MergeProposal(Numbered):
    """Two known people whom one row joined. The lower number stands first, so that a pair is proposed once."""

    __tablename__ = "merge_proposal"
    __table_args__ = (
        UniqueConstraint("first_id", "second_id"),
        CheckConstraint("first_id < second_id", name="lower_first"),
    )

    first_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    second_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    state: Mapped[ProposalState] = mapped_column(state_type(ProposalState), default=ProposalState.OPEN)
    why: Mapped[str]
    import_id: Mapped[int | None] = mapped_column(ForeignKey("people_import.id"), index=True)
    at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))


class Merge(Numbered):
    """One merge of two people, with the rows that each room moved, so that it can be undone."""

    __tablename__ = "merge"

    keep_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    lose_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    moved: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    undone_at: Mapped[datetime | None]


class Erasure(Numbered):
    """That somebody was forgotten; beside it stands a log outside the database, for backups that bring them back."""

    __tablename__ = "erasure"

    person_id: Mapped[int] = mapped_column(Key, unique=True)
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(Key)


class PeopleImport(Numbered):
    """One file of people on its way in: what it is, how its columns are read, how far it has come, what came of it."""

    __tablename__ = "people_import"

    file_name: Mapped[str]
    stored_key: Mapped[str | None]
    refused_key: Mapped[str | None]
    encoding: Mapped[str] = mapped_column(default="")
    delimiter: Mapped[str] = mapped_column(default="")
    mapping: Mapped[dict[str, Any]] = mapped_column(default=dict)
    site: Mapped[str] = mapped_column(default="")
    board: Mapped[str] = mapped_column(default="")
    role: Mapped[SiteRole | None] = mapped_column(state_type(SiteRole))
    basis: Mapped[str] = mapped_column(default="")
    found_at: Mapped[datetime | None]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    origin_id: Mapped[int | None] = mapped_column(ForeignKey("origin.id"))
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    state: Mapped[ImportState] = mapped_column(state_type(ImportState), default=ImportState.UPLOADED)
    preview: Mapped[dict[str, Any] | None]
    read: Mapped[int] = mapped_column(default=0)
    new: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    merge_proposals: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    suppressed: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ImportedPerson(Model):
    """Who arrived by which import: `created` for a new person, otherwise what the import added to a known one."""

    __tablename__ = "imported_person"
    __table_args__ = ({"sqlite_with_rowid": False},)

    import_id: Mapped[int] = mapped_column(ForeignKey("people_import.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)
    created: Mapped[bool]
    added: Mapped[dict[str, Any] | None]
