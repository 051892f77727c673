"""Large numbers as a language groups them: by thousands in English, by ten thousands (万) in Chinese."""

from __future__ import annotations

from functools import lru_cache

from ui.show.language import catalogue


def exact_count(language: str, count: int) -> str:
    """A whole number with all its digits, ``150,528``; from ten thousand on in Chinese as people write it,
    ``15.1 万``.
    """
    steps = _steps(language, "number.exact")
    if not steps:
        return f"{count:,}"
    return rounded_count(language, count) if count >= min(steps)[0] else str(count)


def rounded_count(language: str, count: float, *, words: bool = False) -> str:
    """A number in three significant digits with its power of ten: ``11.2 M``, or ``1120 万``.

    Args:
        language: a key of ``LANGUAGES``.
        count: zero or more.
        words: write the power out, for a sentence: ``11.2 million``.
    """
    # What rounds up to a thousand of one step belongs to the next.
    three = float(f"{count:.3g}")
    for size, unit in sorted(_steps(language, "number.words" if words else "number.short"), reverse=True):
        if three >= size:
            return f"{three / size:.10g}{unit}"
    return f"{three:.10g}"


@lru_cache(maxsize=16)
def _steps(language: str, key: str) -> tuple[tuple[int, str], ...]:
    """The steps of a language, as its catalogue writes them: ``3 k; 6 M`` is 10³ and 10⁶."""
    parts = (part.split(" ", 1) for part in catalogue(language)[key].split("; "))
    return tuple((10 ** int(power), f"\u00a0{unit}") for power, unit in parts if int(power))
