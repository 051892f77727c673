"""The entries with ImageNet weights say what torchvision says."""

from __future__ import annotations

from pathlib import Path

import pytest
from torchvision.models import get_weight

from models import REGISTRY, ModelSpec
from models.errors import ModelError
from models.networks.families import BUILDERS
from models.weights.locate import build, locate
from models.weights.published import default_entries, other_entries

DEFAULT = tuple(default_entries())
ALL = (*DEFAULT, *other_entries())
TITLES = {spec.key: spec.title for spec in DEFAULT}


@pytest.fixture(autouse=True)
def an_empty_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("SIGHTLINES_WEIGHTS_DIR", raising=False)
    return tmp_path / "hub" / "checkpoints"


def test_every_builder_has_its_recommended_weights() -> None:
    assert [spec.key for spec in DEFAULT] == list(BUILDERS)
    assert all(REGISTRY[spec.key] == spec for spec in DEFAULT)
    assert [REGISTRY[f"{spec.key}_untrained"].title for spec in DEFAULT] == list(TITLES.values())
    assert REGISTRY["resnet50"].weights == "ResNet50_Weights.IMAGENET1K_V2"


def test_no_entry_has_anothers_key() -> None:
    assert len({spec.key for spec in ALL}) == len(ALL)
    assert not {spec.key for spec in ALL[len(DEFAULT) :]} & REGISTRY.keys()


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.key)
def test_facts_are_those_of_the_enum(spec: ModelSpec) -> None:
    published = get_weight(spec.weights)
    recipe, file = published.transforms(), spec.file
    assert file is not None
    assert (file.url, file.url.rpartition("/")[2]) == (published.url, file.name)
    assert len(file.sha256) == 8 and f"-{file.sha256}.pth" in file.name
    assert file.nbytes == pytest.approx(published.meta["_file_size"] * 1024**2, abs=1)
    assert [spec.preprocess.resize] == recipe.resize_size
    assert [spec.preprocess.crop] == recipe.crop_size
    assert spec.preprocess.interpolation == recipe.interpolation.value
    assert (list(spec.preprocess.mean), list(spec.preprocess.std)) == (recipe.mean, recipe.std)
    assert spec.card.top1 == published.meta["_metrics"]["ImageNet-1K"]["acc@1"]
    assert spec.card.source.startswith("https://")
    assert (spec.card.licence == "CC-BY-NC-4.0") == ("license" in published.meta)
    assert spec.classes == "imagenet" and spec.trained


def test_weights_for_larger_pictures_come_with_their_size() -> None:
    sides = {spec.key: spec.preprocess.crop for spec in ALL if spec.family == "vit"}
    assert sides["vit_l_16"] == 224
    assert sides["vit_l_16-imagenet1k_swag_e2e_v1"] == 512
    assert all(spec.options == {"image_size": sides[spec.key]} for spec in ALL if spec.family == "vit")


def test_weights_that_are_not_here_are_named_with_their_place(an_empty_cache: Path) -> None:
    spec = REGISTRY["resnet50"]
    assert locate(spec) is None
    with pytest.raises(ModelError) as caught:
        build(spec)
    assert caught.value.code == "weights_not_here"
    assert caught.value.params == {
        "file": "resnet50-11ad3fa6.pth",
        "expected": str(an_empty_cache / "resnet50-11ad3fa6.pth"),
        "url": "https://download.pytorch.org/models/resnet50-11ad3fa6.pth",
    }


def test_the_configured_folder_comes_before_the_cache(
    an_empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "resnet50-11ad3fa6.pth"
    an_empty_cache.mkdir(parents=True)
    (an_empty_cache / name).write_bytes(b"cache")
    monkeypatch.setenv("SIGHTLINES_WEIGHTS_DIR", str(tmp_path / "own"))
    assert locate(REGISTRY["resnet50"]) == an_empty_cache / name
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / name).write_bytes(b"own")
    assert locate(REGISTRY["resnet50"]) == tmp_path / "own" / name


def test_bundled_files_are_located_and_untrained_networks_have_none() -> None:
    bundled = locate(REGISTRY["resnet18_classroom"])
    assert bundled is not None and REGISTRY["resnet18_classroom"].file is not None
    assert bundled.stat().st_size == REGISTRY["resnet18_classroom"].file.nbytes
    assert locate(REGISTRY["resnet18_untrained"]) is None


def test_a_file_that_is_not_the_published_one_is_refused(an_empty_cache: Path) -> None:
    an_empty_cache.mkdir(parents=True)
    (an_empty_cache / "resnet18-f37072fd.pth").write_bytes(b"half a file")
    with pytest.raises(ModelError) as caught:
        build(REGISTRY["resnet18"])
    assert caught.value.code == "weights_corrupt"
    assert caught.value.params == {"file": "resnet18-f37072fd.pth", "folder": str(an_empty_cache)}
