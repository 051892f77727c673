"""Sentences about a result are shown for the networks of which they are true, and are recomputed here."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from functools import cache
from itertools import combinations_with_replacement

import numpy as np
import pytest
from PIL import Image

from analysis import (
    effective_fields,
    grad_cam,
    half_distances,
    head_mean,
    is_unfamiliar,
    nearest_place,
    patch_rows,
    probabilities_of_views,
    shuffled_order,
    shuffled_tiles,
    top_answers,
)
from models import REGISTRY, decode_image, load_model, trace
from models.networks.adapter import needed
from models.networks.loading import LoadedModel
from models.networks.tracing import Trace
from models.pictures.gallery import SAMPLES, find_sample, sample_bytes, synthetic
from tests.ui.running import Open, problems, texts
from training.manifest import origins
from training.recipe import RECIPES, read_recipe
from ui.session.state import View
from ui.show.findings import FINDINGS, Finding
from ui.show.language import LANGUAGES, catalogue, class_name, translate
from ui.show.reach_heads import chosen_head

DISTILLED, SCRATCH, VIT = "resnet18_distilled", "resnet18_classroom", "vit_s_14_classroom"
BUNDLED = (DISTILLED, SCRATCH, VIT)
BY_KEY = {finding.key: finding for finding in FINDINGS}


@cache
def network(key: str) -> LoadedModel:
    return load_model(key)


@cache
def record(key: str, picture: str) -> Trace:
    return trace(network(key), decode_image(sample_bytes(picture)))


def answers(key: str, picture: str) -> list[tuple[str, float]]:
    """The three most probable classes, the first first."""
    best = top_answers(record(key, picture).probabilities, network(key).categories, 3)
    return [(answer.name, answer.probability) for answer in best]


def all_answer(picture: str) -> str:
    """What all bundled networks answer alike."""
    first = {answers(key, picture)[0][0] for key in BUNDLED}
    assert len(first) == 1
    return first.pop()


def cat(stated: Finding) -> None:
    loaded, found = network(VIT), record(VIT, "cat")
    point = found.crop_box.to_view(*find_sample("cat").focus, found.input_view.shape[0])
    # Patches in the middle of the pupils, as anybody can see who lays the grid on the picture.
    eye, other = (5, 5), (7, 12)
    shares = []
    for layer in needed(loaded.adapter.attention).layers:
        assert nearest_place(loaded.adapter, layer, point) == eye
        asks = layer.prefix_tokens + eye[0] * layer.grid[1] + eye[1]
        looks = head_mean(found.attentions[layer.name])[asks, layer.prefix_tokens :].reshape(layer.grid)
        looks = looks / looks.sum()
        shares.append(
            [looks[row - 1 : row + 2, column - 1 : column + 2].sum() for row, column in (eye, other)]
        )
    own, across = np.array(shares).T * 100
    block, most = (int(stated.numbers[name]) - 1 for name in ("block", "most_block"))
    assert int(across.argmax()) == most
    said = [stated.numbers[name] for name in ("own", "other", "most")]
    assert [own[block], across[block], across[most]] == pytest.approx(said, abs=0.05)


def sunflower(stated: Finding) -> None:
    said = stated.numbers
    loaded, found = network(VIT), record(VIT, "sunflower")
    point = found.crop_box.to_view(*find_sample("sunflower").focus, found.input_view.shape[0])
    layer = needed(loaded.adapter.attention).layers[int(said["block"]) - 1]
    row, column = nearest_place(loaded.adapter, layer, point)
    attention = found.attentions[layer.name]
    for heads in ("far", "near"):
        head = chosen_head(attention, layer, heads)
        rows = patch_rows(attention[head], layer.prefix_tokens)
        half = half_distances(rows, layer.grid, layer.stride)[row * layer.grid[1] + column]
        assert round(float(half)) == said[heads]
    resnet = network(DISTILLED)
    depth = resnet.adapter.feature_layers()
    early = depth[round(View().depth * (len(depth) - 1))]
    (field,) = effective_fields(resnet, record(DISTILLED, "sunflower"), point, [early])
    assert round(field.radius()) == said["field"]


def cat_and_dog(stated: Finding) -> None:
    for key in stated.needs:
        found, loaded = record(key, "cat-and-dog"), network(key)
        shares = dict(zip(loaded.categories, found.probabilities, strict=True))
        assert min(shares["cat"], shares["dog"]) > 0.2
        assert shares["cat"] + shares["dog"] > 0.9
        for name, left in (("cat", True), ("dog", False)):
            heat = grad_cam(loaded, found, loaded.categories.index(name))
            # The seam lies 286 of 512 pixels from the left.
            own = ((np.arange(heat.shape[1]) + 0.5) / heat.shape[1] < 286 / 512) == left
            assert heat[:, own].sum() > 0.65 * heat.sum()


def dog(stated: Finding) -> None:
    assert all_answer("dog") == stated.classes["answer"]
    sure = {key: answers(key, "dog")[0][1] for key in BUNDLED}
    assert sure[SCRATCH] < min(sure[DISTILLED], sure[VIT]) - 0.2


def notre_dame(stated: Finding) -> None:
    assert answers(VIT, "notre-dame")[0][0] == stated.classes["transformer"]
    assert answers(DISTILLED, "notre-dame")[0][0] == stated.classes["student"]


def dolphin(stated: Finding) -> None:
    for key in (DISTILLED, VIT):
        assert answers(key, "dolphin")[0][0] == stated.classes["answer"]
        unfamiliar = is_unfamiliar(record(key, "dolphin").logits, network(key).spec.calibration)
        assert unfamiliar == (key == VIT)


def rhino(stated: Finding) -> None:
    assert answers(VIT, "rhino")[0][0] == stated.classes["transformer"]
    (first, most), (second, next_), (_, third) = answers(DISTILLED, "rhino")
    assert (first, second) == (stated.classes["first"], stated.classes["second"])
    # Nearly the same, and clear of every other class.
    assert most - next_ < 0.05 and next_ > 2 * third


def coffee(stated: Finding) -> None:
    expected = {DISTILLED: "answer", VIT: "answer", SCRATCH: "scratch"}
    for key, which in expected.items():
        assert answers(key, "coffee")[0][0] == stated.classes[which]


def no_class_fits(stated: Finding) -> None:
    assert find_sample(stated.picture).label_class is None
    assert all_answer(stated.picture) == stated.classes["answer"]
    if stated.picture == "rocket":
        assert min(answers(key, "rocket")[0][1] for key in BUNDLED) > 0.5


def checkerboard(stated: Finding) -> None:
    patch, square = (int(stated.numbers[name]) for name in ("patch", "square"))
    assert needed(network(VIT).adapter.patches).patch_size == patch
    grey = synthetic("checkerboard")[:, :, 0]
    patches = grey.reshape(16, patch, 16, patch).swapaxes(1, 2).reshape(256, -1)
    assert (patches.min(1) == patches.max(1)).all()
    with Image.open(io.BytesIO(sample_bytes("checkerboard"))) as picture:
        assert picture.size == (8 * square, 8 * square)


def squashed(stated: Finding) -> None:
    bundled = frozenset(spec.key for spec in REGISTRY.values() if spec.source == "bundled")
    assert stated.among == bundled
    pictures = sum(origin.train for origin in origins())
    before = sum(origin.train for origin in origins() if "squashed" in origin.taken)
    assert before / pictures == pytest.approx(0.5, abs=0.03)


def half_patches(stated: Finding) -> None:
    assert stated.needs == {VIT}
    recipe = read_recipe(RECIPES / f"{VIT}.toml")
    assert 100 * (1 - recipe.patches) == stated.numbers["share"]


RECOMPUTED: dict[str, Callable[[Finding], None]] = {
    "finding.cat": cat,
    "finding.sunflower": sunflower,
    "finding.cat-and-dog": cat_and_dog,
    "finding.dog": dog,
    "finding.notre-dame": notre_dame,
    "finding.dolphin": dolphin,
    "finding.rhino": rhino,
    "finding.coffee": coffee,
    "finding.cheetah": no_class_fits,
    "finding.balloon": no_class_fits,
    "finding.rocket": no_class_fits,
    "finding.checkerboard": checkerboard,
    "finding.squashed": squashed,
    "finding.half_patches": half_patches,
}


@pytest.mark.parametrize("key", RECOMPUTED)
def test_a_finding_is_what_is_found(key: str) -> None:
    RECOMPUTED[key](BY_KEY[key])


def test_every_finding_is_recomputed_and_bound() -> None:
    assert set(RECOMPUTED) == set(BY_KEY) == {key for key in catalogue("en") if key.startswith("finding.")}
    assert len(BY_KEY) == len(FINDINGS)
    for finding in FINDINGS:
        named = finding.needs | (finding.among or frozenset())
        assert named and named <= set(REGISTRY), finding.key
        assert finding.picture in ("", *(sample.id for sample in SAMPLES)), finding.key


def test_a_finding_holds_for_its_networks_and_picture_alone() -> None:
    needs, among = BY_KEY["finding.cat"], BY_KEY["finding.balloon"]
    assert needs.holds("cat", [VIT, "resnet50"]) and needs.holds("cat", ["resnet50", VIT])
    assert not needs.holds("dog", [VIT, DISTILLED])
    assert not needs.holds("cat", [DISTILLED, SCRATCH]) and not needs.holds("cat", ["vit_b_16", DISTILLED])
    for pair in combinations_with_replacement(BUNDLED, 2):
        assert among.holds("balloon", pair)
    assert not among.holds("balloon", [VIT, "resnet50"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_and_classes_of_a_finding_stand_in_its_sentence(language: str) -> None:
    for finding in FINDINGS:
        names = {name: class_name(language, english) for name, english in finding.classes.items()}
        sentence = translate(language, finding.key, **finding.numbers, **names)
        assert all(name in sentence for name in names.values()), finding.key
        assert all(str(number) in sentence for number in finding.numbers.values()), finding.key


def test_a_general_hint_names_no_network_and_no_answer() -> None:
    network_named = re.compile(r"transformer|resnet|\bvit\b|\bboth\b|attention|answers? “", re.IGNORECASE)
    for sample in SAMPLES:
        hint = translate("en", f"sample.{sample.id}.hint")
        assert not network_named.search(hint), hint


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_other_text_tells_what_one_block_or_head_of_a_network_does(language: str) -> None:
    one = re.compile(r"\b(?:block|head)s? \d|第 ?\d+ ?(?:块|头)")
    # By arithmetic, of every transformer.
    general = {"reach.whole"}
    told = [key for key, text in catalogue(language).items() if one.search(text) and key not in general]
    assert told == []


@pytest.mark.parametrize(
    ("left", "right", "bound"),
    [
        (DISTILLED, VIT, True),
        (VIT, "resnet50_untrained", True),
        (DISTILLED, SCRATCH, False),
        (DISTILLED, "vit_b_32_untrained", False),
    ],
)
def test_the_gallery_says_of_the_cat_what_is_true_of_the_pair(
    open_page: Open, left: str, right: str, bound: bool
) -> None:
    page = open_page(page="patches", picture="cat", left=left, right=right)
    assert problems(page) == []
    said = texts(page)
    assert (translate("en", "finding.cat", **BY_KEY["finding.cat"].numbers) in said) == bound
    assert (translate("en", "sample.cat.hint") in said) != bound
    both_bundled = {left, right} <= set(BUNDLED)
    assert (translate("en", "finding.squashed") in said) == both_bundled
    assert (translate("en", "patches.square.note") in said) != both_bundled


def test_in_loose_tiles_the_transformer_still_finds_the_cat_and_the_resnet_a_chandelier() -> None:
    found = {}
    for key in (DISTILLED, VIT):
        view = shuffled_tiles(record(key, "cat").input_view, 8, shuffled_order(64, 1))
        probabilities = probabilities_of_views(network(key), [view], lambda: None)[0]
        best = top_answers(probabilities, network(key).categories, 1)[0]
        found[key] = (best.name, best.probability)
    assert found[DISTILLED][0] == "chandelier" and found[DISTILLED][1] == pytest.approx(0.78, abs=0.005)
    assert found[VIT][0] == "cat" and found[VIT][1] > 0.99
