"""The address line: a link says everything, keeps its meaning, and cannot break the page."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.networks.registry import REGISTRY
from models.pictures.gallery import SAMPLES
from models.weights.locate import categories
from ui.session.classes import identifier
from ui.session.links import decode, encode, not_here
from ui.session.state import AUTO, OWN, Side, View
from ui.show.language import LANGUAGES

CLASSES = [
    identifier(classes, index)
    for classes in ("classroom", "imagenet")
    for index in range(len(categories(classes)))
]
SPRINGER = identifier("imagenet", 217)
CAT = identifier("classroom", 17)
PARAMETERS = set(encode(View()))

shares = st.integers(0, 10_000).map(lambda number: number / 10_000)
layers = st.sampled_from(["", "layer3.1", "encoder.layers.encoder_layer_10.self_attention"])
shows = st.sampled_from(["", "mean", "rollout", "h1", "h6", "c17", "c512"])
sides = st.builds(Side, st.sampled_from(list(REGISTRY)), layers, shows)
views = st.builds(
    View,
    language=st.sampled_from(list(LANGUAGES)),
    picture=st.sampled_from([OWN, *(sample.id for sample in SAMPLES)]),
    left=sides,
    right=sides,
    target=st.sampled_from([AUTO, *CLASSES]),
    point=st.tuples(shares, shares),
    depth=st.integers(0, 1000).map(lambda number: number / 1000),
    reach=st.sampled_from(["attention", "field"]),
    heads=st.sampled_from(["far", "near", "mean"]),
    query=st.sampled_from(["point", "class"]),
    strength=st.integers(0, 100),
    smooth=st.booleans(),
)

numbers = st.floats().map(str) | st.integers().map(str)
nonsense = (
    st.text(max_size=30)
    | numbers
    | st.tuples(numbers, numbers).map(",".join)
    | st.sampled_from(
        ["", "nan", "inf", "-1", "1e999", ",", "0.5,0.5,0.5", "own", "../..", "auto", "%00", "h0"]
    )
)


def sent(view: View) -> dict[str, str]:
    """What another browser gets: the parameters as they come out of an address."""
    return dict(parse_qsl(urlencode(encode(view)), keep_blank_values=True, strict_parsing=True))


@given(views, views)
def test_a_link_restores_the_view_whatever_was_there_before(view: View, before: View) -> None:
    assert decode(sent(view), before) == view


@given(views)
def test_what_a_link_restores_makes_the_same_link(view: View) -> None:
    assert encode(decode(sent(view), View())) == encode(view)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_places_are_kept_to_a_hundredth_of_a_percent(u: float, v: float, depth: float) -> None:
    restored = decode(sent(View(point=(u, v), depth=depth)), View())
    assert restored.point == pytest.approx((u, v), abs=1e-4)
    assert restored.depth == pytest.approx(depth, abs=1e-3)


def test_every_choice_is_written_also_where_it_is_the_default() -> None:
    other = View(
        language="zh-CN",
        picture=OWN,
        left=Side("resnet34_untrained", "maxpool", "c2"),
        right=Side("vit_b_16_untrained", "encoder.dropout", "h2"),
        target=CAT,
        point=(0.1, 0.2),
        depth=0.1,
        reach="field",
        heads="near",
        query="point",
        strength=30,
        smooth=True,
    )
    written = encode(View())
    assert encode(other).keys() == written.keys()
    changed: set[str] = set()
    for field in fields(View):
        if field.name == "options":  # Those of a page are written with it: see test_options.py.
            continue
        assert getattr(other, field.name) != getattr(View(), field.name), f"choose another {field.name} here"
        one = encode(replace(View(), **{field.name: getattr(other, field.name)}))
        parameters = {name for name in one if one[name] != written[name]}
        assert parameters, f"{field.name} is not in the link"
        changed |= parameters
    assert changed == written.keys()


def test_links_that_people_have_keep_their_meaning() -> None:
    # Written once, never to be changed: these stand in lesson notes and on slides.
    address = (
        "lang=zh-CN&picture=dog&at=0.2500%2C0.7500&left=resnet50_untrained&left-layer=layer2.3&left-show=c9"
        "&right=vit_s_14_classroom&right-layer=encoder.layers.encoder_layer_3.self_attention&right-show=h5"
        "&class=english-springer&depth=0.500&reach=field&from=point"
    )
    expected = View(
        language="zh-CN",
        picture="dog",
        left=Side("resnet50_untrained", "layer2.3", "c9"),
        right=Side("vit_s_14_classroom", "encoder.layers.encoder_layer_3.self_attention", "h5"),
        target=SPRINGER,
        point=(0.25, 0.75),
        depth=0.5,
        reach="field",
        # They showed the mean, before one head could be chosen.
        heads="mean",
        query="point",
    )
    view = decode(dict(parse_qsl(address)), View())
    assert view == expected
    written = encode(view)
    assert written.pop("class") == view.target
    old = dict(parse_qsl(address))
    assert old.pop("class") == "english-springer"
    assert old.items() <= written.items()


@given(views)
def test_identifiers_are_free_of_language(view: View) -> None:
    links = [encode(replace(view, language=language)) for language in LANGUAGES]
    for link in links:
        assert link.pop("lang") in LANGUAGES
        assert all(value.isascii() for value in link.values())
    assert all(link == links[0] for link in links)


@given(st.dictionaries(st.sampled_from(sorted(PARAMETERS)) | st.text(max_size=8), nonsense), views)
def test_nonsense_in_an_address_is_passed_over(query: dict[str, str], base: View) -> None:
    view = decode(query, base)
    assert view.language in LANGUAGES
    assert view.picture in {OWN, *(sample.id for sample in SAMPLES)}
    assert {view.left.network, view.right.network} <= REGISTRY.keys()
    assert view.target == AUTO or view.target in CLASSES
    assert all(0 <= place <= 1 for place in (*view.point, view.depth))
    assert view.reach in ("attention", "field")
    assert view.query in ("point", "class")
    assert 0 <= view.strength <= 100
    # What came of it can be linked to in turn.
    assert decode(sent(view), View()).picture == view.picture


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("lang", "fr"),
        ("picture", "unicorn"),
        ("at", "nan,0.5"),
        ("at", "0.5,1.01"),
        ("at", "-0.01,0.5"),
        ("at", "0.5"),
        ("left", "resnet19"),
        ("right", ""),
        ("class", "unicorn"),
        ("class", ""),
        ("class", "imagenet.1000"),
        ("class", "imagenet.01"),
        ("class", "imagenet.-1"),
        ("class", "imagenet." + "1" * 5000),
        ("class", "local.nobody.resnet18.1"),
        ("class", "resnet18_distilled.1"),
        ("depth", "deep"),
        ("depth", "nan"),
        ("reach", "far"),
        ("from", "nowhere"),
        ("strength", "strong"),
        ("strength", "nan"),
        ("smooth", "maybe"),
    ],
)
def test_a_single_wrong_value_leaves_that_choice_as_it_was(parameter: str, text: str) -> None:
    base = View(depth=0.25, target=CAT, point=(0.3, 0.6))
    assert decode({parameter: text}, base) == base


@pytest.mark.parametrize(
    ("text", "depth"), [("-3", 0.0), ("7", 1.0), ("inf", 1.0), ("-inf", 0.0), ("1e999", 1.0)]
)
def test_depth_stays_within_the_network(text: str, depth: float) -> None:
    assert decode({"depth": text}, View()).depth == depth


def test_another_picture_brings_its_own_point_unless_the_link_names_one() -> None:
    sample = SAMPLES[3]
    assert decode({"picture": sample.id}, View()).point == sample.focus
    assert decode({"picture": sample.id, "at": "0.1,0.2"}, View()).point == (0.1, 0.2)
    assert decode({"picture": OWN}, View()).point == (0.5, 0.5)


def test_another_network_brings_no_layer_of_the_old_one() -> None:
    base = View(left=Side("resnet18_classroom", "layer3.1", "c4"))
    assert decode({"left": "vit_s_14_classroom"}, base).left == Side("vit_s_14_classroom")


def test_every_class_can_be_linked_to() -> None:
    links = {target: encode(View(target=target)) for target in CLASSES}
    assert [target for target, link in links.items() if decode(link, View()).target != target] == []
    assert all(re.fullmatch(r"[a-z]+[.][0-9]+", link["class"]) for link in links.values())


@pytest.mark.parametrize(
    ("text", "networks", "target"),
    [
        ("english-springer", ("resnet50", "vit_b_16"), SPRINGER),
        ("crane", ("resnet50", "vit_b_16"), identifier("imagenet", 517)),
        ("crane-bird", ("resnet50", "vit_b_16"), identifier("imagenet", 134)),
        # The dog came first and had the plain word.
        ("cardigan", ("resnet50", "vit_b_16"), identifier("imagenet", 264)),
        ("cardigan-2", ("resnet50", "vit_b_16"), identifier("imagenet", 474)),
        # A class that neither network knows is kept for the one that does.
        ("cat", ("resnet50", "vit_b_16"), CAT),
        ("egyptian-cat", ("resnet18_distilled", "vit_s_14_classroom"), identifier("imagenet", 285)),
    ],
)
def test_classes_in_words_keep_their_meaning(text: str, networks: tuple[str, str], target: str) -> None:
    view = decode({"left": networks[0], "right": networks[1], "class": text}, View())
    assert view.target == target
    assert encode(view)["class"] == target


def test_what_a_link_names_and_this_server_does_not_have_is_found() -> None:
    def missing(**query: str) -> tuple[str, ...]:
        return not_here(query, decode(query, View()))

    assert missing() == missing(left="resnet50", right="resnet18", **{"class": "tabby"}) == ()
    assert missing(left="local.birds.resnet18", right="vit_s_14_classroom") == ("local.birds.resnet18",)
    assert missing(left="a", right="b", **{"class": "local.a.resnet18.1"}) == ("a", "b")
    assert missing(left="a", right="a") == ("a",)
    for unknown in ("unicorn", "tabby", "imagenet.281", "local.birds.resnet18.1"):
        assert missing(**{"class": unknown}) == ("class",)
    assert missing(picture="nosuch") == ("picture",)
    assert missing(picture=OWN) == missing(picture="cat") == ()
    assert missing(v="9") == missing(v="9.attention") == ("version",)
    assert missing(v="1") == missing(v="2.fields") == ()
    assert missing(**{"class": "auto"}) == missing(**{"class": "cat"}) == missing(**{"class": CAT}) == ()
