"""A link without what it would say anyway: short enough for a code that the last row can scan.

The defaults of a version never change, whatever the app's own become: ``v=1`` stands for them for ever. What
has other defaults one day gets another version, and the tables before it stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

VERSION: Final = "v"
LATEST: Final = "1"

TABLES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "1": MappingProxyType(
            {
                "lang": "en",
                "picture": "cat",
                "at": "0.3960,0.3440",
                "left": "resnet18_distilled",
                "left-layer": "layer3.1",
                "left-show": "c106",
                "right": "vit_s_14_classroom",
                "right-layer": "encoder.layers.encoder_layer_10.self_attention",
                "right-show": "mean",
                "class": "auto",
                "depth": "0.750",
                "reach": "attention",
                "from": "class",
                "strength": "80",
                "smooth": "off",
            }
        ),
        "1.attention": MappingProxyType(
            {
                "attention-direction": "from",
                "attention-discard": "0",
                "attention-key": "auto",
                "attention-query": "point",
                "attention-residual": "50",
                "attention-right-layer": "encoder.layers.encoder_layer_10.self_attention",
                "attention-right-show": "mean",
            }
        ),
    }
)


def shorten(query: Mapping[str, str], page: str) -> dict[str, str]:
    """The same link, without what the latest version's tables say: `expand` gives it back whole.

    Args:
        query: a whole link, as :func:`ui.links.encode` makes it.
        page: to which it leads.
    """
    versions = (name for name in (f"{LATEST}.{page}", LATEST) if name in TABLES)
    version = next((name for name in versions if _table(name).keys() <= query.keys()), "")
    if not version:
        return dict(query)
    table = _table(version)
    return {VERSION: version, **{name: value for name, value in query.items() if table.get(name) != value}}


def expand(query: Mapping[str, str]) -> dict[str, str]:
    """A link with everything that its version stands for; one without a version is as it is."""
    rest = {name: value for name, value in query.items() if name != VERSION}
    return {**_table(query.get(VERSION, "")), **rest}


def _table(version: str) -> Mapping[str, str]:
    """Defaults of a version, such as ``1``, and of the page that it may name, as in ``1.attention``."""
    number = version.partition(".")[0]
    return {**TABLES.get(number, {}), **TABLES.get(version, {})} if version in TABLES else {}
