"""The texts of this session: the catalogue in the language that the visitor chose."""

from __future__ import annotations

import html
import re
from pathlib import PurePath

from models.errors import SightlinesError
from models.networks.adapter import LayerRef
from models.networks.spec import ModelSpec, OwnName
from ui.session.device import is_touched
from ui.session.state import view
from ui.show.counts import exact_count, rounded_count
from ui.show.language import bind_units, catalogue, class_name, translate

_MARKDOWN = re.compile(r"[\\`*_\[\]<>$~|&#]|^[+=-]")
_ORDINAL = re.compile(r"^(\d{1,9})([.)])")
# Marks that turn the direction of whatever follows are controls, too: "76 %" would be read "% 67".
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_EXTENSIONS = re.compile(
    r"(?<=:)(?=[\w+:/-])|(?<=@)|(?<=[wW]{3})(?=\.)|(?<=[-~])(?=[-=>\\])|(?<=[<>])(?=[-=])"
)


def t(key: str, /, **params: object) -> str:
    """A text of the catalogue, with its placeholders filled in."""
    return translate(view().language, key, is_touched(), **params)


def template(key: str) -> str:
    """A text whose placeholders the browser fills in."""
    return catalogue(view().language, is_touched())[key]


def name_of_class(english: str) -> str:
    """A class in the visitor's language; one that a person named, in that person's words."""
    return english if isinstance(english, OwnName) else class_name(view().language, english)


def name_of_network(spec: ModelSpec) -> str:
    """A network's title, with *untrained* where its output means nothing, and its schooling where that
    tells two of one title apart.
    """
    if not spec.trained:
        return t("network.untrained", name=spec.title)
    return t(f"network.schooling.{spec.schooling}", name=spec.title) if spec.schooling else spec.title


def class_in_text(english: str) -> str:
    """:func:`name_of_class`, for a text that Streamlit reads as Markdown."""
    return verbatim(name_of_class(english))


def network_in_text(spec: ModelSpec) -> str:
    """:func:`name_of_network`, for a text that Streamlit reads as Markdown."""
    return verbatim(name_of_network(spec))


def name_of_layer(layer: LayerRef) -> str:
    """A layer in the words of its architecture, such as *stage 3, block 1*."""
    first, second = (*layer.numbers, 0, 0)[:2]
    return t(f"layer.{layer.kind}", first=first, second=second)


def percent(share: float) -> str:
    """A probability with a fitting number of digits; never a 100 % that is not one."""
    if share >= 0.995:
        return bind_units(">99 %" if share < 1 else "100 %")
    return rounded_percent(share, 0 if share >= 0.1 else 1)


def rounded_percent(share: float, digits: int = 0) -> str:
    """A share in percent, with so many digits after the point."""
    return bind_units(f"{share * 100:.{digits}f} %")


def exact(count: int) -> str:
    """A whole number with all its digits, grouped as the visitor's language does."""
    return exact_count(view().language, count)


def rounded(count: float, *, words: bool = False) -> str:
    """A large number in three digits; see :func:`ui.show.counts.rounded_count`."""
    return rounded_count(view().language, count, words=words)


def sentence_for(error: SightlinesError) -> str:
    """What went wrong, in one sentence of the catalogue, for a place where Streamlit reads Markdown."""
    # Names of files, tensors and classes are what people wrote.
    params = {
        name: verbatim(str(value)) if isinstance(value, str | PurePath) else value
        for name, value in error.params.items()
    }
    return t(f"error.{error.code}", **params)


def verbatim(text: str) -> str:
    """Text that a person wrote, for a place where Streamlit reads Markdown: it shows what stands there.

    A backslash takes its meaning from what Markdown itself reads. What Streamlit's extensions look for in the
    finished text (``:cat:``, ``www.``, arrows) is broken by a word joiner, which has no width.
    """
    line = _MARKDOWN.sub(r"\\\g<0>", " ".join(_CONTROLS.sub("", text).split()))
    line = _ORDINAL.sub(r"\1\\\2", line)
    return _EXTENSIONS.sub("\N{WORD JOINER}", line)


def escape(text: str) -> str:
    """Text that goes into our own HTML or into a chart, where Plotly reads some of it."""
    return html.escape(text, quote=True)
