from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from typing import cast

from kombu import Connection

from crm.core.queue import broker_options
from crm.core.spool import Channel


def open_broker(folder: Path) -> Connection:
    return Connection("spool://", transport_options=broker_options(f"spool://{folder}"))


def test_all_who_bind_a_queue_at_once_find_it_bound(tmp_path: Path) -> None:
    names = [f"queue-{number}" for number in range(8)]
    start = Barrier(len(names))

    def bind(name: str) -> list[str]:
        with open_broker(tmp_path) as broker:
            channel = cast(Channel, broker.channel())
            channel.exchange_declare("wakes")
            start.wait()
            channel.queue_bind(name, "wakes", name)
            return [row.queue for row in channel.get_table("wakes")]

    with ThreadPoolExecutor(len(names)) as pool:
        seen = list(pool.map(bind, names))
    assert all(name in found for name, found in zip(names, seen, strict=True))
    with open_broker(tmp_path) as broker:
        assert sorted(row.queue for row in cast(Channel, broker.channel()).get_table("wakes")) == names


def test_each_of_many_messages_reaches_exactly_one_of_several_readers(tmp_path: Path) -> None:
    written = Event()

    def write(start: int) -> None:
        with open_broker(tmp_path) as broker, broker.SimpleQueue("wakes") as queue:
            for number in range(start, start + 100):
                queue.put(number)

    def read(_reader: int) -> list[int]:
        found: list[int] = []
        with open_broker(tmp_path) as broker, broker.SimpleQueue("wakes") as queue:
            while True:
                all_written = written.is_set()
                try:
                    message = queue.get(timeout=0.2)
                except queue.Empty:
                    if all_written:
                        return found
                    continue
                found.append(message.payload)
                message.ack()

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, n * 100) for n in range(4)]
        readers = [pool.submit(read, n) for n in range(4)]
        for writer in writers:
            writer.result()
        written.set()
        found = [number for reader in readers for number in reader.result()]
    assert sorted(found) == list(range(400))
