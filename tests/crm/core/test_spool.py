from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from kombu import Connection

from crm.core.queue import broker_options


def open_broker(folder: Path) -> Connection:
    return Connection("spool://", transport_options=broker_options(f"spool://{folder}"))


def test_each_of_many_messages_reaches_exactly_one_of_several_readers(tmp_path: Path) -> None:
    def write(start: int) -> None:
        with open_broker(tmp_path) as broker, broker.SimpleQueue("wakes") as queue:
            for number in range(start, start + 100):
                queue.put(number)

    def read(_reader: int) -> list[int]:
        found: list[int] = []
        with open_broker(tmp_path) as broker, broker.SimpleQueue("wakes") as queue:
            while True:
                try:
                    message = queue.get(timeout=1)
                except queue.Empty:
                    return found
                found.append(message.payload)
                message.ack()

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(write, n * 100) for n in range(4)]
        readers = [pool.submit(read, n) for n in range(4)]
        for writer in writers:
            writer.result()
        found = [number for reader in readers for number in reader.result()]
    assert sorted(found) == list(range(400))
