"""The files of builds, and those on their way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm.builds.rules import UploadState
from crm.core.db import Numbered, state_type


class Artefact(Numbered):
    """The file of a build for one device, or for every device of its platform (`device` empty). It never changes.

    `size` in bytes, `sha256` in hex. Once it has been looked at, it also has what updaters ask for (`sha512` and
    `ed25519`, a signature, both in base64) and what the package says of itself, as far as it could be read.
    `minisign` is a signature by its makers' own key, for Tauri.
    """

    __tablename__ = "artefact"
    __table_args__ = (
        UniqueConstraint("build_id", "device"),
        CheckConstraint(
            "(looked_at IS NULL) = (sha512 IS NULL) AND (looked_at IS NULL) = (ed25519 IS NULL)",
            name="looked_at_whole",
        ),
    )

    build_id: Mapped[int] = mapped_column(ForeignKey("build.id", ondelete="CASCADE"))
    device: Mapped[str] = mapped_column(default="")
    file_name: Mapped[str]
    file_key: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    added_at: Mapped[datetime]
    looked_at: Mapped[datetime | None]
    sha512: Mapped[str | None]
    ed25519: Mapped[str | None]
    app_id: Mapped[str | None]
    app_name: Mapped[str | None]
    app_version: Mapped[str | None]
    needs_os: Mapped[str | None]
    icon_key: Mapped[str | None]
    minisign: Mapped[str | None]


class Upload(Numbered):
    """A file that arrives in pieces. How much of it is here says the part file itself; `size` is what it comes to.

    `sha256`, in hex, is what its sender says that it must have; `why` is why it was refused.
    """

    __tablename__ = "upload"
    __table_args__ = (Index("ix_upload_state", "state", "touched_at"),)

    build_id: Mapped[int] = mapped_column(ForeignKey("build.id", ondelete="CASCADE"), index=True)
    device: Mapped[str] = mapped_column(default="")
    file_name: Mapped[str]
    file_key: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int]
    sha256: Mapped[str | None]
    state: Mapped[UploadState] = mapped_column(state_type(UploadState), default=UploadState.ARRIVING)
    why: Mapped[str] = mapped_column(default="")
    by_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    begun_at: Mapped[datetime]
    touched_at: Mapped[datetime]
