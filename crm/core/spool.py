"""A broker that is a folder, so that nothing needs to be installed: kombu's filesystem transport, made safe by rename.

A message is written beside the queue and renamed into it whole; a reader takes one by renaming it away, which only one
of several readers can do. Messages are wake-ups: one that is lost with a killed worker is made up for by the next tick.
"""

from __future__ import annotations

import time
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    def _put(self, queue: str, payload: dict[str, Any], **_kwargs: Any) -> None:  # type: ignore[override]  # as kombu's own does
        name = f"{time.time_ns():020d}_{uuid4().hex}.{queue}.msg"
        target = Path(self.data_folder_out) / name
        part = target.with_suffix(".part")
        part.write_bytes(str_to_bytes(dumps(payload)))
        part.rename(target)

    def _waiting(self, queue: str) -> list[str]:
        ending = f".{queue}.msg"
        return sorted(path.name for path in Path(self.data_folder_in).iterdir() if path.name.endswith(ending))

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 -- kombu's signature
        for name in self._waiting(queue):
            taken = Path(self.processed_folder) / name
            try:
                (Path(self.data_folder_in) / name).rename(taken)
            except FileNotFoundError:
                continue
            payload = taken.read_bytes()
            taken.unlink()
            return loads(bytes_to_str(payload))
        raise Empty

    def _purge(self, queue: str) -> int:
        waiting = self._waiting(queue)
        for name in waiting:
            (Path(self.data_folder_in) / name).unlink(missing_ok=True)
        return len(waiting)

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))


class Transport(filesystem.Transport):
    Channel = Channel
