"""The app's texts: a flat catalogue a language, in a file a page, and the choice of a language.

Pure functions, no Streamlit: which language a session speaks is its state's business.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

LANGUAGES: Mapping[str, str] = MappingProxyType({"en": "English", "zh-CN": "简体中文"})
"""Language tag -> what its speakers call it."""

DEFAULT_LANGUAGE = "en"

_LOCALES = Path(__file__).parent / "locales"
_EITHER = re.compile(r"\[\[(.*?)\|\|(.*?)\]\]")
_UNIT = re.compile(r"(?<=[\d}]) (?=(?:%|px|kB|MB|GB|ms|GFLOPs)(?!\w))")


@lru_cache(maxsize=2 * len(LANGUAGES))
def catalogue(language: str, touch: bool = False) -> Mapping[str, str]:
    """Every text of a language.

    Args:
        language: a key of ``LANGUAGES``.
        touch: for a screen that is touched. A text writes ``[[Click||Tap]]`` where a pointer and a finger
            do different things.

    Returns:
        ``{"dotted.key": "Text with {placeholder}"}``, read-only; no line breaks between a number and
        its unit.

    Raises:
        KeyError: the app does not speak this language.
    """
    if language not in LANGUAGES:
        raise KeyError(f"no catalogue for the language {language!r}; there are {', '.join(LANGUAGES)}")
    files = sorted(path.name for path in (_LOCALES / language).glob("*.json"))
    texts = {key: text for name in files for key, text in _read(f"{language}/{name}").items()}
    chosen = r"\2" if touch else r"\1"
    return MappingProxyType({key: bind_units(_EITHER.sub(chosen, text)) for key, text in texts.items()})


def bind_units(text: str) -> str:
    """The text with a space that does not break between each number, or its placeholder, and its unit."""
    return _UNIT.sub("\u00a0", text)


def translate(language: str, key: str, touch: bool = False, /, **params: object) -> str:
    """The text of a key, with its placeholders filled in.

    A text may carry format specifications (``{share:.0%}``); units and separators that differ between
    languages belong in the text, not in the caller.

    Args:
        language: a key of ``LANGUAGES``.
        key: dotted key of the catalogue.
        touch: see :func:`catalogue`.
        **params: a value for each placeholder; more than the text mentions is allowed.

    Raises:
        KeyError: unknown language, unknown key, or a placeholder without a value.
    """
    texts = catalogue(language, touch)
    if key not in texts:
        raise KeyError(f"no text {key!r} in ui/show/locales/{language}")
    return texts[key].format(**params)


def class_name(language: str, english_name: str) -> str:
    """What a class that a network can name is called.

    Args:
        language: a key of ``LANGUAGES``.
        english_name: the class as the network's label file writes it.

    Returns:
        The name in that language, for the classes of the bundled networks (looked up first) and of
        ImageNet; the English one where no translation is recorded. No two names are the same.

    Raises:
        KeyError: unknown language.
    """
    return _class_names(language).get(english_name, english_name)


def match_language(accept_language_header: str | None) -> str:
    """The language of the app that suits a browser best (RFC 4647, section 3.4, extended to siblings).

    A tag is matched whole, then by its primary language: whoever reads Traditional Chinese is closer to
    Simplified Chinese than to English.

    Args:
        accept_language_header: the ``Accept-Language`` header as sent, such as
            ``zh-CN,zh;q=0.9,en;q=0.8``; malformed parts are passed over.

    Returns:
        A key of ``LANGUAGES``; ``DEFAULT_LANGUAGE`` where nothing matches.
    """
    by_tag = {tag.lower(): tag for tag in LANGUAGES}
    by_primary = {tag.lower().split("-")[0]: tag for tag in LANGUAGES}
    for wanted in _preferences(accept_language_header or ""):
        found = by_tag.get(wanted) or by_primary.get(wanted.split("-")[0])
        if found:
            return found
    return DEFAULT_LANGUAGE


def _preferences(header: str) -> list[str]:
    """Lower-case tags of an Accept-Language header, most wanted first."""
    ranked: list[tuple[float, str]] = []
    for part in header.split(","):
        tag, _, parameter = part.partition(";")
        name, _, number = parameter.partition("=")
        try:
            quality = float(number) if name.strip().lower() == "q" else 1.0
        except ValueError:
            continue
        if tag.strip() and 0.0 < quality <= 1.0:
            ranked.append((quality, tag.strip().lower()))
    # Python's sort is stable: tags of equal quality stay in the order in which the browser names them.
    return [tag for _, tag in sorted(ranked, key=lambda entry: -entry[0])]


@lru_cache(maxsize=len(LANGUAGES))
def _class_names(language: str) -> Mapping[str, str]:
    if language not in LANGUAGES:
        raise KeyError(f"no class names for the language {language!r}; there are {', '.join(LANGUAGES)}")
    if language == DEFAULT_LANGUAGE:
        return MappingProxyType({})
    imagenet = _read(f"classes.imagenet.{language}.json")
    return MappingProxyType(imagenet | _read(f"classes.{language}.json"))


def _read(name: str) -> dict[str, str]:
    texts: dict[str, str] = json.loads((_LOCALES / name).read_text(encoding="utf-8"))
    return texts
