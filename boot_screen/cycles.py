"""The search for cycles among thousands of small objects that hold none: put off, or kept from what is shared."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_search_for_cycles() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def no_search_in_what_is_here() -> Iterator[None]:
    """A search writes to all that it looks at; what processes share would be copied into each."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
