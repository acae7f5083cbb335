"""Whether this worker was asked to stop: long work looks here between two steps, so that a stop loses nothing."""

from __future__ import annotations

from threading import Event

asked_to_stop = Event()
