from __future__ import annotations

import pytest

from campaigns.credits.rules import sides


@pytest.mark.parametrize("written", ["1080x2400", "1080X2400", "1080 x 2400", "1080×2400"])
def test_a_size_is_understood_however_its_cross_is_written(written: str) -> None:
    assert sides(written) == (1080, 2400)


@pytest.mark.parametrize(
    "written", ["", "1080", "1080x", "90x2400", "1080x9000", "-1080x2400", "1e3x1080", "1080x2400x3"]
)
def test_what_is_no_screen_is_no_size(written: str) -> None:
    assert sides(written) is None
