"""Every method under one name, in one form, at the cost that it names before it begins."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from analysis.classes.cams import CAMS, cam
from analysis.classes.evidence import Evidence, Question, evidence
from analysis.classes.explain import cost_of, explain, quick_explanations, quick_methods
from analysis.classes.explanation import Cost, Explanation, Settings, is_even
from analysis.classes.methods import METHODS
from analysis.classes.rounding import Sums
from models import UnsupportedViewError
from models.networks.adapter import LayerRef
from tests.analysis.tiny import tiny, tiny_record
from tests.conftest import Network, Record

FAMILIES: list[str] = ["resnet", "vit"]
ASKED = Question(1)
SMALL = Settings(steps=3, samples=2, window=32)


def layer_for(family: str, method: str) -> LayerRef:
    """The usual layer; for Score-CAM of the ResNet one of 64 channels instead of 512."""
    adapter = tiny(family).adapter
    early = method == "score_cam" and family == "resnet"
    return adapter.layer("layer1.0") if early else adapter.default_cam_layer()


def explained(family: str, method: str, question: Question = ASKED) -> Explanation:
    try:
        layer = layer_for(family, method)
        return explain(tiny(family), tiny_record(family), method, question, layer, SMALL)
    except UnsupportedViewError as error:
        if error.reason == "map_not_finite":
            raise
        pytest.skip("this network cannot be asked for this map")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_a_map_is_finite_and_its_magnitude_has_no_sign(self, method: str, family: str) -> None:
        found = explained(family, method)
        assert found.signed.shape == found.magnitude.shape
        assert found.signed.dtype == found.magnitude.dtype == np.float32
        assert np.isfinite(found.signed).all() and found.magnitude.min() >= 0
        assert found.magnitude.max() > 0
        if METHODS[method].at_layer and method != "guided_grad_cam":
            assert found.signed.shape == layer_for(family, method).grid

    def test_its_class_matters_if_it_says_so(self, method: str, family: str) -> None:
        one, other = explained(family, method), explained(family, method, Question(4, 2))
        assert np.array_equal(one.signed, other.signed) == (not METHODS[method].of_class)

    def test_it_runs_the_network_as_often_as_it_says(self, method: str, family: str) -> None:
        loaded = tiny(family)
        runs: list[int] = []
        handle = loaded.module.register_forward_pre_hook(lambda _, inputs: runs.append(len(inputs[0])))
        try:
            found = explained(family, method)
        finally:
            handle.remove()
        layer = layer_for(family, method)
        # Relevance and LeGrad go through the blocks one by one.
        assert sum(runs) == (0 if method in ("relevance", "legrad") else found.cost.forwards)
        assert found.cost == cost_of(METHODS[method], loaded, tiny_record(family), layer, SMALL)

    def test_only_slow_methods_say_how_far_they_are(self, method: str, family: str) -> None:
        steps: list[float] = []
        try:
            layer = layer_for(family, method)
            explain(tiny(family), tiny_record(family), method, ASKED, layer, SMALL, step=steps.append)
        except UnsupportedViewError:
            return
        assert bool(steps) == METHODS[method].slow
        assert steps == sorted(steps) and all(0 <= fraction < 1 for fraction in steps)


def test_cells_of_integrated_gradients_share_out_the_score() -> None:
    found = explained("resnet", "integrated_gradients")
    numbers = found.numbers
    difference = numbers["score"] - numbers["baseline"]
    assert float(found.signed.sum()) == pytest.approx(difference + numbers["delta"], abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_quick_maps_are_the_maps_of_each_method(family: str) -> None:
    names = quick_methods(tiny(family))
    assert names == (*CAMS, *(("relevance", "legrad") if family == "vit" else ()))
    make = quick_explanations(tiny(family), tiny_record(family), Question(1))
    for name in names:
        found, expected = make(name), explained(family, name)
        assert np.array_equal(found.magnitude, expected.magnitude)
        assert np.array_equal(found.signed, expected.signed)
        assert found.cost == expected.cost


@pytest.mark.parametrize("method", METHODS)
def test_nothing_speaks_for_a_class_rather_than_itself(method: str) -> None:
    if not METHODS[method].of_class or method == "score_cam":
        # Score-CAM weighs all channels alike then.
        return
    assert not explained(
        "vit" if method != "guided_grad_cam" else "resnet", method, Question(3, 3)
    ).signed.any()


def test_another_layer_gives_another_grid() -> None:
    loaded = tiny("resnet")
    layer = loaded.adapter.layer("layer2.0")
    for method in ("grad_cam", "score_cam"):
        found = explain(loaded, tiny_record("resnet"), method, Question(1), layer)
        assert found.signed.shape == layer.grid == (8, 8)


def test_no_parameter_gets_a_gradient() -> None:
    assert all(parameter.grad is None for parameter in tiny("resnet").module.parameters())
    assert not torch.is_inference_mode_enabled()


def test_a_method_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="tea_leaves"):
        explain(tiny("vit"), tiny_record("vit"), "tea_leaves", Question(1))


def test_a_sum_below_the_rounding_of_its_terms_is_empty() -> None:
    values = np.array([[3e-8, -2e-8]], dtype=np.float32)
    assert Sums(values, 1.0).cancels and not Sums(values, 1.0).settled.any()
    assert not Sums(values, 1e-3).cancels and Sums(values, 1e-3).settled is values
    assert not Sums(np.zeros((1, 2)), 0.0).cancels, "nothing was added up: that is another silence"


@pytest.mark.parametrize("key", ["vit_s_14_classroom", "vit_b_32_untrained"])
def test_before_a_norm_that_ignores_scale_hires_cam_is_rounding(
    key: str, network: Network, record: Record
) -> None:
    """After the last block but one; drawn on its own scale it would look like any other map."""
    loaded, traced = network(key), record(key)
    layers = loaded.adapter.feature_layers()
    raw = cam("hires_cam", evidence(loaded, traced, ASKED, layers[-2]))
    assert raw.values.any() and np.abs(raw.values).max() < 1e-5 * raw.terms
    found = explain(loaded, traced, "hires_cam", ASKED, layers[-2])
    assert found.cancels and not found.signed.any() and not found.magnitude.any()
    assert not quick_explanations(loaded, traced, ASKED, layers[-2])("hires_cam").magnitude.any()
    # Real maps keep far away from the rule: other methods there, the same one a step earlier or later.
    for layer in (layers[-3], layers[-2], loaded.adapter.default_cam_layer()):
        for method in CAMS:
            if (method, layer) != ("hires_cam", layers[-2]):
                sums = cam(method, evidence(loaded, traced, ASKED, layer))
                assert np.abs(sums.values).max() > 1e-4 * sums.terms, (method, layer.name)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_knows_a_map_that_is_rounding(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a method adds up: if nothing were above the rounding of its terms, it would be empty."""
    family: str = "resnet" if method == "guided_grad_cam" else "vit"
    assert explained(family, method).signed.any()
    monkeypatch.setattr("analysis.classes.rounding.ROUNDING", 1e6)
    found = explained(family, method)
    assert not found.signed.any()


def test_one_value_everywhere_is_not_empty() -> None:
    layer = LayerRef("x", "block", (), "NCHW", (1, 1), 32, 2)
    given = Evidence(
        layer,
        np.array([[[2.0]], [[1.0]]], dtype=np.float32),
        np.array([[[1.0]], [[-0.5]]], dtype=np.float32),
        1.0,
    )
    for method in ("grad_cam", "hires_cam", "layer_cam"):
        heat = cam(method, given).settled
        found = Explanation(heat, np.maximum(heat, 0), cost=explained("resnet", "grad_cam").cost)
        assert found.even and not found.cancels
    assert not explained("vit", "grad_cam").even
    assert not Explanation(np.zeros((1, 1)), np.zeros((1, 1)), found.cost).even


@pytest.mark.parametrize("family", FAMILIES)
def test_the_square_of_occlusion_covers_half_of_a_small_picture_at_most(family: str) -> None:
    loaded, record = tiny(family), tiny_record(family)
    half = record.inputs.shape[-1] // 2
    large = explain(loaded, record, "occlusion", ASKED, settings=Settings(window=10 * half))
    fitting = explain(loaded, record, "occlusion", ASKED, settings=Settings(window=half))
    np.testing.assert_array_equal(large.signed, fitting.signed)
    assert large.cost == fitting.cost and not large.even


def test_a_map_whose_numbers_ran_out_of_range_is_no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logits of 10³⁰ are finite; what is multiplied with their gradients need not be."""
    broken = Explanation(np.array([[np.nan, 1.0]]), np.array([[0.0, 1.0]]), Cost())
    monkeypatch.setattr("analysis.classes.methods.rectified", lambda *_: broken)
    with pytest.raises(UnsupportedViewError) as caught:
        explained("resnet", "grad_cam")
    assert caught.value.reason == "map_not_finite"


def test_one_value_down_to_rounding_orders_nothing() -> None:
    values = np.full((7, 7), 3.0)
    values[2, 3] += 1e-6
    assert is_even(values) and not is_even(np.zeros((7, 7)))
    values[2, 3] += 1e-3
    assert not is_even(values)
