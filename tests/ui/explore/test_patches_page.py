"""The page *Patches* without a browser: every pair of networks, every language, every setting."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from analysis.network.complexity import work
from models import REGISTRY
from tests.ui.running import Open, problems, texts
from ui.show.language import translate
from ui.show.words import escape, percent

RESNET, VIT = "resnet18_classroom", "vit_s_14_classroom"
ROWS = ("square", "windows", "strips", "sequence", "sizes", "filters")
NO_PATCHES = translate("en", "error.unsupported.no_patches")


def tables(page: AppTest) -> str:
    """The page's tables, which are our own HTML."""
    return "\n".join(element.proto.body for element in page.get("html") if "sl-table" in element.proto.body)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_it_opens_with_every_row(language: str, open_page: Open) -> None:
    page = open_page(page="patches", lang=language)
    assert problems(page) == []
    assert [title.value for title in page.title] == [translate(language, "patches.title")]
    assert [heading.value for heading in page.header] == [
        translate(language, f"patches.{row}.title") for row in ROWS
    ]
    # Every setting stands in the address before anybody has touched one.
    assert {name: page.query_params[name] for name in page.query_params if name.startswith("patches-")} == {
        "patches-fit": "crop",
        "patches-height": "224",
        "patches-scale": "one",
        "patches-side": "14",
        "patches-tokens": "pictures",
        "patches-width": "224",
    }


def test_other_pairs_and_swapped_sides(open_page: Open) -> None:
    page = open_page(page="patches", left=VIT, right=RESNET)
    assert problems(page) == []
    assert texts(page).count(NO_PATCHES) == 1
    for left, right, refusals in (
        ("resnet50_untrained", RESNET, 2),
        (VIT, "vit_b_32_untrained", 0),
    ):
        page.selectbox(key="network-left").set_value(left)
        page.selectbox(key="network-right").set_value(right)
        page.run()
        assert problems(page) == [], (left, right)
        assert len(page.header) == len(ROWS)
        assert texts(page).count(NO_PATCHES) == refusals, "why there is no sequence is said once a network"
        assert translate("en", "patches.filters.untrained") in texts(page)
        assert translate("en", "network.untrained.answer") in tables(page)


def test_a_link_restores_every_setting(open_page: Open) -> None:
    query = {
        "picture": "cat",
        "at": "0.2500,0.7500",
        "patches-fit": "pad",
        "patches-height": "300",
        "patches-scale": "own",
        "patches-side": "16",
        "patches-tokens": "numbers",
        "patches-width": "230",
    }
    page = open_page(page="patches", **query)
    assert problems(page) == []
    assert {name: page.query_params[name] for name in query} == query
    assert page.button_group(key="patches-fit").value == "pad"
    assert page.slider(key="patches-height").value == 300
    shown = texts(page)
    assert translate("en", "patches.strips.note.own") in shown
    assert translate("en", "patches.sequence.note.numbers") in shown
    # 18 × 14 whole patches; 12 rows and 6 columns are left over, 304 × 240 would hold them all.
    assert "300 × 230" in tables(page) and "252 + 1" in tables(page)
    for words in ("12 of 300 rows", "6 of 230 columns", "304 × 240", "285 patches in place of 252"):
        assert words in shown


def test_a_damaged_link_still_shows_a_page(open_page: Open) -> None:
    page = open_page(
        page="patches", **{"patches-fit": "stretch", "patches-side": "0", "patches-height": "9e9"}
    )
    assert problems(page) == []
    assert len(page.header) == len(ROWS)
    assert page.query_params["patches-fit"] == "crop"
    assert page.query_params["patches-side"] == "14"


def test_the_way_to_a_square_changes_what_is_lost_and_what_is_shown(open_page: Open) -> None:
    page = open_page(page="patches", picture="cat")  # 451 × 300 pixels
    lines = tables(page).split("<tr")
    assert [line.count("33\u00a0%") for line in lines[2:5]] == [1, 0, 1], (
        "cropping loses a third, padding adds one"
    )
    assert "1.50 × too narrow" in lines[3]
    assert "336 × 224" in texts(page)
    page.button_group(key="patches-fit").set_value("pad").run()
    assert problems(page) == []
    assert page.query_params["patches-fit"] == "pad"
    assert "224 × 149" in texts(page)
    assert 'class="sl-chosen"' in tables(page).split("<tr")[4]


def test_sizes_answer_in_numbers_and_lead_back(open_page: Open) -> None:
    page = open_page(page="patches", left=VIT, right=RESNET)
    assert translate("en", "patches.sizes.even", patch=14) in texts(page)
    assert translate("en", "patches.reality.same", name="ViT-S/14") in texts(page)
    vit, resnet = (REGISTRY[key] for key in (VIT, RESNET))
    page.slider(key="patches-side").set_value(7).run()
    page.slider(key="patches-height").set_value(448).run()
    assert problems(page) == []
    # Half the side, twice the height: eight times the patches, (2048 + 1)² pairs, 6 heads of float32.
    for words in ("2,048 + 1", "4,198,401", "101 MB"):
        assert words in tables(page)
    # The whole work of both comes first, at this size and as they are.
    for spec, own, there in (
        (vit, work(vit, 224, 224), work(vit, 448, 224, 7)),
        (resnet, work(resnet, 224, 224), work(resnet, 448, 224)),
    ):
        assert f"<td>{own.total / 1e9:,.2f}</td>" in tables(page), spec.key
        assert f"<td>{there.total / 1e9:,.2f}</td>" in tables(page), spec.key
        assert f"<td>{escape(percent(there.convolutions / there.total))}</td>" in tables(page), spec.key
    assert f"<td>{percent(work(vit, 448, 224, 7).pairs / work(vit, 448, 224, 7).total)}</td>" in tables(page)
    assert "<td>× 2</td>" in tables(page)
    page.slider(key="patches-height").set_value(224).run()
    page.slider(key="patches-side").set_value(15).run()
    assert "14 of 224 rows" in texts(page)
    page.button(key="patches-reset").click().run()
    assert page.slider(key="patches-side").value == 14
    assert translate("en", "patches.sizes.even", patch=14) in texts(page)


def test_a_point_outside_the_crop_has_a_nearest_patch(open_page: Open) -> None:
    page = open_page(page="patches", picture="cat", at="0.0100,0.5000")
    assert problems(page) == []
    assert len(page.header) == len(ROWS)
