"""Numbers and colours as a PDF writes them."""

from collections.abc import Iterable, Sequence


def colour(rgb: Sequence[float]) -> str:
    return numbers(value / 255 for value in rgb)


def numbers(values: Iterable[float]) -> str:
    return " ".join(map(number, values))


def number(value: float) -> str:
    """As short as a thousandth allows."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
