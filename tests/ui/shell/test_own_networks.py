"""Every page with networks of one's own: hostile names, one channel and one output, weights that overflow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn
from torchvision.models import VisionTransformer, resnet18

from models import REGISTRY
from tests.ui.running import Open, problems, texts
from ui.session.pages import EXPLORE
from ui.show.language import LANGUAGES, catalogue, translate
from ui.show.words import verbatim

PAGES = ("", *EXPLORE)
HOSTILE = (
    "<script>alert(1)</script>",
    "[x](https://x.test)",
    "$5 bill$",
    ":cat: *star*",
    "`code` _low_ ~gone~",
    "www.x.test a@x.test :red[hot] -> --",
)
TITLE = "*T* $x$ :dog: <b>[n](y)"

# What Streamlit shows as it stands: options of a select box, values, HTML of our own, code.
PLAIN = {"selectbox", "html", "code", "plotly_chart", "component", "bidi_component", "iframe"}


def network(channels: int = 3, outputs: int = len(HOSTILE)) -> dict[str, Tensor]:
    torch.manual_seed(5)
    module: Any = resnet18(num_classes=outputs)
    if channels != 3:
        module.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    state: dict[str, Tensor] = module.state_dict()
    return state


Own = Callable[..., str]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    monkeypatch.setenv("SIGHTLINES_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setattr(REGISTRY, "_specs", dict(REGISTRY))

    def add(name: str, state: dict[str, Tensor], labels: str = "", settings: str = "") -> str:
        save_file(state, tmp_path / f"{name}.resnet18.safetensors")
        for suffix, text in (("txt", labels), ("toml", settings)):
            if text:
                (tmp_path / f"{name}.resnet18.{suffix}").write_text(text, encoding="utf-8")
        REGISTRY.refresh()
        assert REGISTRY.problems == ()
        return f"local.{name}.resnet18"

    return add


def markdown_of(page: AppTest) -> Iterator[tuple[str, str]]:
    """Every text of the page that Streamlit reads as Markdown, with the kind of its element."""
    for block in (page.main, page.sidebar):
        for element in block:
            proto = getattr(element, "proto", None)
            if hasattr(proto, "ListFields") and element.type not in PLAIN:
                for text in texts_in(proto):
                    yield element.type, text
            else:
                yield f"label of {element.type}", str(getattr(proto, "label", ""))


def texts_in(message: Any) -> Iterator[str]:
    for field, value in message.ListFields():
        for each in value if field.is_repeated else [value]:
            if isinstance(each, str):
                yield each
            elif hasattr(each, "ListFields"):
                yield from texts_in(each)


def unescaped(text: str) -> list[str]:
    """Names that stand in a text as a person wrote them, though Markdown would read more into them."""
    return [name for name in (*HOSTILE, TITLE) if name in text and verbatim(name) != name]


@pytest.mark.parametrize("name", PAGES)
def test_names_stay_text_on_every_page(own: Own, open_page: Open, name: str) -> None:
    key = own("hostile", network(), "\n".join(HOSTILE), f"title = '{TITLE}'")
    REGISTRY["hostile_vit"] = replace(REGISTRY["vit_s_14_classroom"], key="hostile_vit", title=TITLE)
    page = open_page(page=name, left=key, right="hostile_vit")
    assert problems(page) == []
    found = list(markdown_of(page))
    assert [(kind, text) for kind, text in found if unescaped(text)] == []
    # The fields' page names networks on its boards, charts and tables alone.
    assert name == "fields" or any(
        verbatim(TITLE) in text or verbatim(HOSTILE[2]) in text for _, text in found
    )


def test_the_list_of_networks_shows_names_and_files_as_text(
    own: Own, open_page: Open, tmp_path: Path
) -> None:
    own("hostile", network(), "\n".join(HOSTILE), f"title = '{TITLE}'\nlicence = '*mine*'")
    (tmp_path / "$notes$ _a_.md").write_text("not a network")
    page = open_page(page="models")
    found = list(markdown_of(page))
    assert [(kind, text) for kind, text in found if unescaped(text) or " *mine*" in text] == []
    words = "\n".join(text for _, text in found)
    assert translate("en", "error.ignored_suffix", file=verbatim("$notes$ _a_.md")) in words
    assert r"\*mine\*" in words


@pytest.mark.parametrize("name", PAGES)
def test_one_channel_and_one_output_work_on_every_page(own: Own, open_page: Open, name: str) -> None:
    key = own("chest", network(1, 1), "pneumonia")
    for index in (0, 1):
        page = open_page(page=name, left=key, right="resnet18_classroom", **{"class": f"{key}.{index}"})
        assert problems(page) == []
        assert {"pneumonia", "not pneumonia"} <= set(page.selectbox(key="target").options)
        assert page.selectbox(key="target").value == f"{key}.{index}"
    if name in ("", "patches"):
        sent = [element.proto.json for element in page.get("bidi_component") if element.proto.json]
        said = "\n".join(json.dumps(json.loads(each), ensure_ascii=False) for each in sent)
        assert "224 × 224 × 1" in said and "224 × 224 × 3" in said


def test_so_does_a_transformer_of_one_channel(own: Own, open_page: Open, tmp_path: Path) -> None:
    module: Any = VisionTransformer(96, 32, 12, 12, 768, 3072, num_classes=1)
    module.conv_proj = nn.Conv2d(1, 768, 32, 32)
    nn.init.normal_(module.heads.head.weight, std=0.04)
    save_file(module.state_dict(), tmp_path / "chest.vit_b_32.safetensors")
    (tmp_path / "chest.vit_b_32.txt").write_text("healthy\npneumonia")
    REGISTRY.refresh()
    key = "local.chest.vit_b_32"
    for name in PAGES:
        page = open_page(page=name, left=key, right="vit_s_14_classroom", **{"class": f"{key}.0"})
        assert problems(page) == [], name
        assert page.selectbox(key="target").value == f"{key}.0"


@pytest.mark.parametrize("language", LANGUAGES)
def test_networks_that_know_nothing_in_common_do_not_disagree(
    own: Own, open_page: Open, language: str
) -> None:
    key = own("chest", network(1, 1), "pneumonia")
    said = texts(open_page(left=key, right="resnet18_classroom", lang=language))
    beginnings = {name: catalogue(language)[f"says.{name}"].split("{")[0] for name in ("apart", "disagree")}
    assert beginnings["apart"] in said and beginnings["disagree"] not in said
    both = own("other", network(3, 2), "cat\nnot cat")
    said = texts(open_page(left=both, right="resnet18_classroom", picture="cat", lang=language))
    assert beginnings["apart"] not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_network_of_one_output_is_told_as_one(own: Own, open_page: Open, language: str) -> None:
    own("chest", network(1, 1), "pneumonia")
    page = open_page(page="models", lang=language)
    words = "\n".join(text for _, text in markdown_of(page))
    assert translate(language, "models.one_output") in words
    decision = texts(open_page(page="network", left="local.chest.resnet18", lang=language))
    assert translate(language, "network.one_output", no="not pneumonia", yes="pneumonia") in decision
    assert translate(language, "models.grey", mean=0.449, std=0.226) in words


@pytest.mark.parametrize("name", PAGES)
def test_numbers_that_are_not_finite_are_one_sentence_on_every_page(
    own: Own, open_page: Open, name: str
) -> None:
    state = network()
    state["fc.weight"] *= 1e38
    state["layer4.1.bn2.weight"] *= 1e6
    key = own("large", state)
    page = open_page(page=name, left=key, right="vit_s_14_classroom")
    title = verbatim(REGISTRY[key].title)
    assert problems(page) == [translate("en", "error.logits_not_finite", name=title)]
    state["fc.weight"] = torch.full_like(state["fc.weight"], torch.nan)
    key = own("broken", state)
    page = open_page(page=name, left=key, right="vit_s_14_classroom")
    file, tensor = verbatim("broken.resnet18.safetensors"), verbatim("fc.weight")
    assert problems(page) == [translate("en", "error.weights_not_finite", file=file, tensor=tensor)]
