"""Style, types, import floors and templates, by the same commands as `python3 dev.py lint`."""

from __future__ import annotations

import subprocess

import pytest

import dev

LINTERS = dev.linters()


@pytest.mark.parametrize("name", LINTERS)
def test_the_code_is_clean(name: str) -> None:
    ran = subprocess.run(LINTERS[name], cwd=dev.ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{name}:\n{ran.stdout}{ran.stderr}"
