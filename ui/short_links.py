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
                "picture": "sunflower",
                "at": "0.8438,0.5312",
                "left": "resnet18_distilled",
                "left-layer": "layer3.1",
                "left-show": "c53",
                "right": "vit_s_14_classroom",
                "right-layer": "encoder.layers.encoder_layer_10.self_attention",
                "right-show": "mean",
                "class": "auto",
                "depth": "0.182",
                "reach": "attention",
                "heads": "far",
                "from": "class",
                "strength": "80",
                "smooth": "off",
            }
        ),
        "1.network": MappingProxyType(
            {
                "network-against": "none",
                "network-left-part": "layer2.0",
                "network-right-part": "encoder.layers.encoder_layer_0",
            }
        ),
        "1.patches": MappingProxyType(
            {
                "patches-fit": "crop",
                "patches-height": "224",
                "patches-scale": "one",
                "patches-side": "14",
                "patches-tokens": "pictures",
                "patches-width": "224",
            }
        ),
        "1.positions": MappingProxyType(
            {
                "positions-change": "shuffled",
                "positions-part": "worth",
                "positions-seed": "1",
                "positions-tiles": "8",
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
        "1.features": MappingProxyType(
            {
                "features-left-channel": "53",
                "features-left-filter": "44",
                "features-left-kind": "filters",
                "features-left-layer": "layer3.1",
                "features-left-page": "1",
                "features-order": "strength",
                "features-right-channel": "80",
                "features-right-filter": "25",
                "features-right-kind": "principal",
                "features-right-layer": "encoder.layers.encoder_layer_11",
                "features-right-page": "1",
                "features-scale": "map",
                "features-sign": "signed",
                "features-similarity": "centred",
            }
        ),
        "1.fields": MappingProxyType(
            {
                "fields-axis": "log",
                "fields-scale": "own",
            }
        ),
        "1.activation": MappingProxyType(
            {
                "activation-against": "auto",
                "activation-compare": "networks",
                "activation-left-layer": "layer4.1",
                "activation-method": "grad_cam",
                "activation-noise": "15",
                "activation-rather": "off",
                "activation-right-layer": "encoder.layers.encoder_layer_11.ln_1",
                "activation-samples": "25",
                "activation-signed": "off",
                "activation-steps": "50",
                "activation-window": "32",
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
