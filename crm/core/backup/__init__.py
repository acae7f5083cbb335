"""All data in one archive, in a form that belongs to no database: SQLite's restores into PostgreSQL and back.

A zip file of `manifest.json` (migration revision, counts, sums), `tables/NAME.jsonl` (the first line names the
columns), `files/KEY` (stored files), `erasures.jsonl` (who was forgotten, as keyed hashes) and `keys.json`. The keys
make it a secret: it is written for its owner's eyes only.
"""

from crm.core.backup.archive import Manifest, read_keys, read_manifest
from crm.core.backup.dumping import dump
from crm.core.backup.restoring import Restored, finish, restore

__all__ = ["Manifest", "Restored", "dump", "finish", "read_keys", "read_manifest", "restore"]
