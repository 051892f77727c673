"""Short links: they say the same as long ones, today and after the app's defaults have changed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.links import decode, encode
from ui.pages import ADDRESSES
from ui.short_links import LATEST, TABLES, VERSION, expand, shorten
from ui.state import Side, View

FROZEN = {
    "1": "8903ceba2171873a366e078c4ac059e249f9c9a3388eb0631b61fc4c864c7362",
    "1.attention": "d8cc78e4eb04c8db052fc69d326ef0201fc346b9189af2d1a1a0ff5533a72358",
}
"""Digests of the tables. A table that was published never changes: links made with it are on slides."""

queries = st.builds(
    lambda picture, layer, depth, options: encode(
        View(picture=picture, left=Side("resnet18_distilled", layer, "c106"), depth=depth, options=options),
        "attention",
    ),
    st.sampled_from(["cat", "dog", "own"]),
    st.sampled_from(["layer3.1", "layer1.0", ""]),
    st.sampled_from([0.75, 0.0]),
    st.dictionaries(
        st.sampled_from([name for name in TABLES.get("1.attention", {})] or ["attention-key"]),
        st.sampled_from(["from", "auto", "50"]),
    ),
)


@pytest.mark.parametrize("version", TABLES)
def test_a_table_never_changes(version: str) -> None:
    text = json.dumps(dict(TABLES[version]), sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest() == FROZEN[version]


def test_every_version_that_was_published_is_there() -> None:
    assert FROZEN.keys() == TABLES.keys()
    assert LATEST in TABLES


@given(queries, st.sampled_from(["", *ADDRESSES]))
def test_a_short_link_says_the_same(query: dict[str, str], page: str) -> None:
    short = shorten(query, page)
    assert expand(short) == query
    assert len(short) <= len(query)


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
