"""A link without what it would say anyway: short enough for a code that the last row can scan.

The defaults of a version never change, whatever the app's own become: ``v=1`` stands for them for ever. What
has other defaults one day gets another version, and the tables before it stay. Since version 2 a picture
brings what is chosen with it: its point, and the channels that answer it most strongly.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

VERSION: Final = "v"
LATEST: Final = "2"
VERSIONS: Final = ("1", LATEST)

_FIRST: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
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

_NOTHING_SHOWN = MappingProxyType({"left-layer": "", "left-show": "", "right-layer": "", "right-show": ""})
"""On *Models* in a new session: no page has shown a network yet."""

TABLES: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        **_FIRST,
        **{name.replace("1", "2", 1): table for name, table in _FIRST.items()},
        "2.models": _NOTHING_SHOWN,
    }
)

_CHOSEN = {
    "cat": ("0.3960,0.3440", "46", "59", "80", "10"),
    "dog": ("0.5450,0.3850", "106", "59", "80", "10"),
    "cat-and-dog": ("0.1700,0.3800", "46", "59", "13", "28"),
    "pyramids": ("0.4550,0.3800", "42", "60", "34", "19"),
    "butterfly": ("0.4200,0.5500", "7", "59", "16", "24"),
    "notre-dame": ("0.5000,0.6430", "138", "59", "282", "8"),
    "dolphin": ("0.4000,0.2300", "254", "60", "80", "14"),
    "rhino": ("0.5200,0.4000", "86", "59", "80", "19"),
    "coffee": ("0.3800,0.6800", "205", "60", "333", "3"),
    "cheetah": ("0.6000,0.6300", "212", "59", "74", "25"),
    "balloon": ("0.5000,0.8000", "136", "60", "14", "10"),
    "rocket": ("0.5050,0.3500", "82", "60", "279", "4"),
    "dot": ("0.5312,0.4688", "108", "59", "279", "28"),
    "checkerboard": ("0.5625,0.4375", "6", "59", "80", "14"),
}
"""By picture: point; channel and first filter of the ResNet; channel and first component of the ViT."""

PICTURES: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = MappingProxyType(
    {
        "2": {
            "own": {"at": "0.5000,0.5000"},
            **{name: {"at": at, "left-show": f"c{channel}"} for name, (at, channel, *_) in _CHOSEN.items()},
        },
        "2.features": {
            name: {
                "features-left-channel": left,
                "features-left-filter": left_filter,
                "features-right-channel": right,
                "features-right-filter": right_filter,
            }
            for name, (_, left, left_filter, right, right_filter) in _CHOSEN.items()
        },
    }
)
"""By version and picture: what differs from the version's table."""


def shorten(query: Mapping[str, str], page: str) -> dict[str, str]:
    """The same link, without what the latest version's tables say: `expand` gives it back whole.

    Args:
        query: a whole link, as :func:`ui.session.links.encode` makes it.
        page: to which it leads.
    """
    found = [dict(query)]
    for version in (LATEST, f"{LATEST}.{page}"):
        table = _table(version, query.get("picture"))
        rest = {name: value for name, value in query.items() if table.get(name) != value}
        short = {VERSION: version, **rest}
        if table and expand(short) == query:
            found.append(short)
    return min(found, key=len)


def expand(query: Mapping[str, str]) -> dict[str, str]:
    """A link with everything that its version stands for; one without a version is as it is."""
    rest = {name: value for name, value in query.items() if name != VERSION}
    return {**_table(query.get(VERSION, ""), rest.get("picture")), **rest}


def _table(version: str, picture: str | None) -> Mapping[str, str]:
    """Defaults of a version, such as ``2``, and of the page that it may name, as in ``2.attention``.

    Args:
        version: as a link names it.
        picture: as a link names it; None for the version's own.
    """
    if version not in TABLES:
        return {}
    table: dict[str, str] = {}
    for name in dict.fromkeys((version.partition(".")[0], version)):
        table |= TABLES[name]
        table |= PICTURES.get(name, {}).get(picture or "", {})
    return table
