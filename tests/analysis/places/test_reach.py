"""How far networks reach: against openerf, against plain sums, and over several pictures."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from openerf import compute_erf, compute_erf_metrics
from PIL import Image

from analysis import (
    FieldProbe,
    attention_inside,
    average_reach,
    effective_fields,
    energy_radii,
    pooled_energy,
    reach_at,
    reach_in_the_middle,
    theoretical_radius,
)
from models import DecodedImage, LoadedModel, load_model, trace
from models.networks.adapter import needed
from tests.conftest import Network, Picture, Record

RESNET = "resnet18_classroom"
VIT = "vit_s_14_classroom"
BUNDLED = (RESNET, VIT)
SIDE = 224


class TestAgainstOpenerf:
    """openerf wants timm's names for input statistics and class token: it gets a network of its own.

    It sums the vector's mean, averages the signed gradient over colours, keeps what is positive, adds the
    pictures up and divides by the total. Ours squares and sums; the gradient itself must be the same.
    """

    @staticmethod
    @cache
    def network(key: str) -> LoadedModel:
        loaded = load_model(key, "cpu")
        module: Any = loaded.module
        module.pretrained_cfg = {
            "input_size": (3, SIDE, SIDE),
            "crop_pct": 1.0,
            "interpolation": "bilinear",
            "mean": loaded.preprocess.mean,
            "std": loaded.preprocess.std,
        }
        module.num_prefix_tokens = 1
        return loaded

    @pytest.mark.parametrize(
        ("key", "name", "place"),
        [
            (RESNET, "maxpool", (28, 28)),
            (RESNET, "layer2.1", (14, 14)),
            (RESNET, "layer4.1", (3, 3)),
            # Of an even number of patches openerf takes the one before the middle.
            (VIT, "encoder.dropout", (7, 7)),
            (VIT, "encoder.layers.encoder_layer_3", (7, 7)),
            (VIT, "encoder.layers.encoder_layer_11", (7, 7)),
        ],
    )
    def test_the_same_gradients(
        self,
        key: str,
        name: str,
        place: tuple[int, int],
        tmp_path: Path,
        make_picture: Picture,
        record: Record,
    ) -> None:
        loaded = self.network(key)
        layer = loaded.adapter.layer(name)
        reach = loaded.adapter.receptive_field(layer)
        point = (reach.centre(place[1]), reach.centre(place[0]))
        total = np.zeros((SIDE, SIDE))
        for seed in (1, 2):
            pixels = make_picture(SIDE, SIDE, seed).rgb
            Image.fromarray(pixels).save(tmp_path / f"{seed}.png")
            scaled = (pixels / np.float32(255) - loaded.preprocess.mean) / np.asarray(loaded.preprocess.std)
            inputs = scaled.astype(np.float32).transpose(2, 0, 1)[None]
            cell, gradient = FieldProbe(loaded, replace(record(key), inputs=inputs), point).gradient(layer)
            assert cell == place
            total += np.clip(gradient.mean(axis=0, dtype=np.float64), 0, None)
        theirs = compute_erf(
            loaded.module, image_dir=tmp_path, target_layer=name, device="cpu", show_progress=False
        )
        assert theirs.num_images == 2
        ours = total / total.sum()
        error = np.abs(ours - theirs.erf_map).max() / theirs.erf_map.max()
        print(f"{key} {name}: {error:.1e} of the maximum")
        assert error < 1e-4

    def test_radii_against_the_mass_within_circles(self, network: Network, record: Record) -> None:
        """openerf's circles are drawn around pixel [H // 2, W // 2], whose centre is half a pixel further."""
        loaded = network(RESNET)
        layer = loaded.adapter.layer("layer3.1")
        (field,) = effective_fields(loaded, record(RESNET), (SIDE / 2, SIDE / 2), [layer])
        circles = (3, 10, 20, 40, 60, 80)
        masses = compute_erf_metrics(field.energy, circles)["radial_cumulative_mass"]
        centre = (SIDE // 2 + 0.5, SIDE // 2 + 0.5)
        for circle in circles:
            share = masses[str(circle)]
            assert 0 < share < 1
            assert energy_radii(field.energy, centre, (share - 1e-6,))[0] <= circle
            assert energy_radii(field.energy, centre, (share + 1e-6,))[0] > circle


class TestReachAt:
    def test_of_a_resnet(self, network: Network, record: Record) -> None:
        loaded = network(RESNET)
        layers = loaded.adapter.feature_layers()
        point = (100.0, 60.0)
        fields = effective_fields(loaded, record(RESNET), point, layers)
        reach = reach_at(loaded, record(RESNET), point, layers, fields)
        assert reach.layers == layers
        assert reach.theory[-1] == 435 / 2
        for field, (half, most) in zip(fields, reach.radii, strict=True):
            assert (half, most) == energy_radii(field.energy, field.centre, (0.5, 0.95))
        assert (reach.radii[:, 1] < reach.theory * 2**0.5).all(), "the corner of the box is the farthest"
        assert np.isnan(reach.attention).all()
        assert np.isnan(reach.attention_here).all()

    def test_mean_attention_distance_from_the_paper(self, network: Network, record: Record) -> None:
        """Dosovitskiy et al., figure 7, written out: the sum over patches of weight times distance."""
        loaded, made = network(VIT), record(VIT)
        layers = loaded.adapter.feature_layers()
        point = (30.0, 200.0)
        reach = reach_at(loaded, made, point, layers, effective_fields(loaded, made, point, layers))
        assert np.isnan(reach.attention[0]) and np.isnan(reach.attention_here[0]), "patches before any block"
        for block in (0, 5, 11):
            weights = made.attentions[f"encoder.layers.encoder_layer_{block}.self_attention"]
            means = []
            for patch in range(256):
                row = weights[:, 1 + patch, 1:].mean(axis=0, dtype=np.float64)
                away = [
                    14 * np.hypot(other // 16 - patch // 16, other % 16 - patch % 16) for other in range(256)
                ]
                means.append(row @ away / row.sum())
            assert reach.attention[block + 1] == pytest.approx(np.mean(means), rel=1e-4)
            # x is 30 and y is 200: column 2, row 14.
            assert reach.attention_here[block + 1] == pytest.approx(means[14 * 16 + 2], rel=1e-4)

    def test_without_a_point_theory_and_attention_remain(self, network: Network, record: Record) -> None:
        loaded = network(VIT)
        layers = loaded.adapter.feature_layers()
        reach = reach_at(loaded, record(VIT), (0.0, 0.0), layers, ())
        assert reach.radii.shape == (13, 2) and np.isnan(reach.radii).all()
        assert reach.theory.tolist() == [7.0, *[112.0] * 12]
        assert np.isfinite(reach.attention[1:]).all()
        assert np.isnan(reach.attention_here).all()


def test_attention_is_found_inside_its_block(network: Network) -> None:
    adapter = network(VIT).adapter
    layers = adapter.feature_layers()
    parts = attention_inside(adapter, layers)
    assert parts[0] is None
    assert parts[1:] == needed(adapter.attention).layers
    resnet = network(RESNET).adapter
    assert attention_inside(resnet, resnet.feature_layers()) == (None,) * 10


def test_theory_of_a_vit_is_the_picture_from_its_first_block_on(network: Network) -> None:
    adapter = network(VIT).adapter
    embedding, first, *_ = adapter.feature_layers()
    assert theoretical_radius(adapter, embedding, 224) == 7
    assert theoretical_radius(adapter, first, 224) == 112


def test_several_radii_at_once() -> None:
    energy = np.random.default_rng(3).random((20, 30))
    shares = (0.9, 0.1, 0.5)
    rows, columns = np.mgrid[0:20, 0:30] + 0.5
    distances = np.hypot(columns - 7.5, rows - 3)
    for share, radius in zip(shares, energy_radii(energy, (7.5, 3), shares), strict=True):
        # Within the radius lies the share, and without its outermost pixels it does not.
        assert energy[distances <= radius + 1e-9].sum() >= share * energy.sum()
        assert energy[distances < radius - 1e-9].sum() < share * energy.sum()
    assert energy_radii(np.zeros((3, 3)), (1, 1), shares) == (0, 0, 0)


def test_pooling_keeps_the_energy_and_drops_what_is_left_over() -> None:
    energy = np.arange(30.0).reshape(5, 6)
    assert pooled_energy(energy, 2).tolist() == [[14, 22, 30], [62, 70, 78]]
    assert pooled_energy(np.ones((8, 8)), 4).sum() == 64


class TestAverage:
    @staticmethod
    def pictures(make_picture: Picture) -> tuple[DecodedImage, ...]:
        return make_picture(300, 240, 1), make_picture(224, 320, 2)

    @pytest.mark.parametrize("key", BUNDLED)
    def test_is_the_mean_over_pictures(self, key: str, network: Network, make_picture: Picture) -> None:
        loaded = network(key)
        layers = loaded.adapter.feature_layers()[1::5]
        parts = [reach_in_the_middle(loaded, picture, layers, 4) for picture in self.pictures(make_picture)]
        records = [trace(loaded, picture) for picture in self.pictures(make_picture)]
        fields = [effective_fields(loaded, made, (112, 112), layers) for made in records]
        alone = [
            reach_at(loaded, made, (112, 112), layers, of) for made, of in zip(records, fields, strict=True)
        ]
        average = average_reach(parts)
        assert average.layers == layers and average.count == 2
        assert average.nbytes == len(layers) * 56 * 56 * 4
        for index in range(len(layers)):
            expected = np.mean([pooled_energy(each[index].energy, 4) for each in fields], axis=0)
            np.testing.assert_allclose(average.energy[index], expected, rtol=0, atol=1e-5 * expected.max())
            assert average.energy[index].sum() == pytest.approx(1, abs=1e-4)
        for name in ("radii", "attention", "attention_here"):
            both = [getattr(reach, name) for reach in alone]
            for summary, found in (
                (np.mean, average.mean), (np.min, average.low), (np.max, average.high),
            ):  # fmt: skip
                # A radius is that of a pixel: rounding of the energy may move it to the next one.
                np.testing.assert_allclose(getattr(found, name), summary(both, axis=0), rtol=1e-2)
            assert average.mean.theory.tolist() == alone[0].theory.tolist()

    def test_can_be_ended_between_any_two_steps(self, network: Network, make_picture: Picture) -> None:
        loaded = network(RESNET)
        layers = loaded.adapter.feature_layers()[:3]
        for stop in (1, 2, 4):
            checks: list[int] = []

            def check(checks: list[int] = checks, stop: int = stop) -> None:
                checks.append(1)
                if len(checks) == stop:
                    raise InterruptedError

            with pytest.raises(InterruptedError):
                reach_in_the_middle(loaded, make_picture(64, 64), layers, 4, check)
            assert len(checks) == stop

    def test_needs_a_picture(self) -> None:
        with pytest.raises(ValueError, match="at least one picture"):
            average_reach(())
