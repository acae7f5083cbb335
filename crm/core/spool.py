"""A broker that is a folder, so that nothing needs to be installed: kombu's filesystem transport, made safe by rename.

A message is written beside the queue and renamed into it whole; a reader takes one by renaming it away, which only one
of several readers can do. Messages are wake-ups: one that is lost with a killed worker is made up for by the next tick.
The list of queues is renamed into place too: kombu's own is empty for the moment between its opening and its writing.
"""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem, virtual
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    def get_table(self, exchange: str) -> list[Any]:
        try:
            written = self._bindings(exchange).read_bytes()
        except FileNotFoundError:
            return []
        return [filesystem.exchange_queue_t(*row) for row in loads(bytes_to_str(written))]

    def _bindings(self, exchange: str) -> Path:
        return Path(self.control_folder) / f"{exchange}.exchange"

    def _queue_bind(self, exchange: str, routing_key: str | None, pattern: str | None, queue: str) -> None:
        row = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue)
        target = self._bindings(exchange)
        with target.with_suffix(".lock").open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)  # until it is closed: two who bind at once keep both rows
            known = self.get_table(exchange)
            if row not in known:
                part = target.with_suffix(".part")
                part.write_bytes(str_to_bytes(dumps([row, *known])))
                part.replace(target)

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

    def __init__(self, client: Any, **options: Any) -> None:
        super().__init__(client, **options)
        # Kombu's is one for the whole process: it takes a queue for bound as soon as another thread begins to bind it.
        self.state = virtual.BrokerState()

    @property
    def default_connection_params(self) -> dict[str, Any]:
        """A folder has no host, and nobody needs to be warned that none was named."""
        return {}
