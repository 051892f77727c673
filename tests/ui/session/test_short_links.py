"""Short links: they say the same as long ones, today and after the app's defaults have changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.pictures.gallery import SAMPLES as GALLERY
from tests.ui.running import Open, problems
from ui.session.links import decode, encode
from ui.session.pages import ADDRESSES
from ui.session.short_links import LATEST, PICTURES, TABLES, VERSION, expand, shorten
from ui.session.state import OWN, Side, View

FROZEN_OF_VERSION_1 = {
    "1": "d237a98ed5d0be7f19f7ac12cb3cb36a44a9bcbf44f048c7410e86219dc40670",
    "1.network": "39c8d4219a8ed4f1daee1dabbc36860af5b3eef0cc47f6a14b4c1680b07cbcce",
    "1.patches": "ef6217f144a0350a85eeb980ed3a72e70711a4c16a87babb43a3ad2cf35546bb",
    "1.positions": "4f4302b406b3a236fc5eaf3d1fe2b0618d5e794b8e4cfe5ed8e160e4bd0df15e",
    "1.attention": "d8cc78e4eb04c8db052fc69d326ef0201fc346b9189af2d1a1a0ff5533a72358",
    "1.features": "6bda3e3abb3a7fcec5e42cfe86671c886f9a1c0b6bbd5801b77e8c6c92051934",
    "1.fields": "3091ba0e78e4955a3f59206d39cbf88fedd0d0939a9afcf07a75f19a72b2930a",
    "1.activation": "7d1f150153c255f2a7ff44c2004a55bd14b62498946263cec952505010c7c3bc",
}
OF_MODELS = "957a94b285656adc89d01eda50a93279b5b63080b545e7e2829751a82fc1e4c9"
OF_PICTURES = {
    "2": "05636cc490f81138214ae8979a8be38bb0cb7981989eb9676bdf1f3d31bdf03a",
    "2.features": "90f5a4bc8aa47d2377febe428fddcbba0118977c7d778722dc72887c7b3325c3",
}
# Version 2 says what version 1 says, and more about pictures.
FROZEN = {
    **FROZEN_OF_VERSION_1,
    **{name.replace("1", "2", 1): digest for name, digest in FROZEN_OF_VERSION_1.items()},
    "2.models": OF_MODELS,
}
"""Digests of the tables. A table that was published never changes: links made with it are on slides."""

SAMPLES = [sample.id for sample in GALLERY]

queries = st.builds(
    lambda picture, layer, depth, options: encode(
        View(picture=picture, left=Side("resnet18_distilled", layer, "c53"), depth=depth, options=options),
        "attention",
    ),
    st.sampled_from(["sunflower", "dog", "own"]),
    st.sampled_from(["layer3.1", "layer1.0", ""]),
    st.sampled_from([0.182, 0.0]),
    st.dictionaries(
        st.sampled_from([name for name in TABLES.get("1.attention", {})] or ["attention-key"]),
        st.sampled_from(["from", "auto", "50"]),
    ),
)


@pytest.mark.parametrize("version", TABLES)
def test_a_table_never_changes(version: str) -> None:
    assert _digest(dict(TABLES[version])) == FROZEN[version]


@pytest.mark.parametrize("version", PICTURES)
def test_what_a_picture_brings_never_changes(version: str) -> None:
    assert _digest(dict(PICTURES[version])) == OF_PICTURES[version]


def _digest(table: object) -> str:
    return hashlib.sha256(json.dumps(table, sort_keys=True).encode()).hexdigest()


def test_every_version_that_was_published_is_there() -> None:
    assert FROZEN.keys() == TABLES.keys()
    assert OF_PICTURES.keys() == PICTURES.keys()
    assert LATEST in TABLES


@given(queries, st.sampled_from(["", *ADDRESSES]))
def test_a_short_link_says_the_same(query: dict[str, str], page: str) -> None:
    short = shorten(query, page)
    assert expand(short) == query
    assert len(short) <= len(query)


@pytest.mark.parametrize("picture", ["sunflower", "cat", "pyramids", "dot"])
@pytest.mark.parametrize("page", ["", *ADDRESSES])
def test_a_page_as_it_opens_needs_no_more_than_its_picture(open_page: Open, page: str, picture: str) -> None:
    opened = open_page(page=page, picture=picture)
    assert problems(opened) == []
    query = {name: opened.query_params[name] for name in opened.query_params}
    short = shorten(query, page)
    assert expand(short) == query
    assert short.keys() == ({VERSION} if picture == "sunflower" else {VERSION, "picture"})


@given(st.sampled_from([*SAMPLES, OWN]), st.sampled_from(["", *ADDRESSES]), st.data())
def test_what_differs_from_what_a_picture_brings_is_said(
    picture: str, page: str, data: st.DataObject
) -> None:
    whole = expand(
        {VERSION: next((v for v in (f"{LATEST}.{page}", LATEST) if v in TABLES), ""), "picture": picture}
    )
    name = data.draw(st.sampled_from(sorted(whole.keys() - {"picture"})))
    short = shorten(whole | {name: "other"}, page)
    assert short[name] == "other"
    assert expand(short) == whole | {name: "other"}
    assert len(short) <= 3


def test_the_first_version_knows_nothing_of_pictures() -> None:
    assert expand({VERSION: "1", "picture": "cat"}) == {**TABLES["1"], "picture": "cat"}


@pytest.mark.parametrize("page", ["", *ADDRESSES])
def test_the_defaults_of_a_page_need_one_word(page: str) -> None:
    query = {**TABLES[LATEST], **TABLES.get(f"{LATEST}.{page}", {})}
    assert shorten(query, page).keys() == {VERSION}


def test_a_version_that_nobody_made_is_passed_over() -> None:
    assert expand({VERSION: "99", "picture": "dog"}) == {"picture": "dog"}
    assert expand({VERSION: "99.attention"}) == expand({}) == {}


CASES = json.loads((Path(__file__).parent / "old_links.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_old_links_open_what_they_opened(case: dict[str, object]) -> None:
    # Written when such links were made, and never changed since.
    query = dict(parse_qsl(urlsplit(str(case["link"])).query, keep_blank_values=True))
    view = decode(expand(query), View())
    opened = encode(view, urlsplit(str(case["link"])).path.strip("/"))
    expected = case["opens"]
    assert isinstance(expected, dict)
    assert {name: opened.get(name) for name in expected} == expected
