"""From a weight host to a trace: a seeded network in torchvision's layout, named with its own digest."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models import REGISTRY, DecodedImage, ModelSpec, load_model, trace
from models.errors import ModelError
from models.weights.downloads import Downloads
from models.weights.locate import build
from tests.models.weights.weight_host import hosting


def published(builder: str, *, as_in_old_files: bool = False) -> tuple[ModelSpec, bytes, nn.Module]:
    """A spec whose file is the untrained network of this builder, saved as torchvision saves."""
    module = build(REGISTRY[f"{builder}_untrained"])
    state: dict[str, Tensor] = dict(module.state_dict())
    if as_in_old_files:
        state = {name: value for name, value in state.items() if "num_batches_tracked" not in name}
        state = {re.sub(r"mlp\.0\.", "mlp.linear_1.", name): value for name, value in state.items()}
        state = {re.sub(r"mlp\.3\.", "mlp.linear_2.", name): value for name, value in state.items()}
    content = io.BytesIO()
    torch.save(state, content)
    data = content.getvalue()
    digest = hashlib.sha256(data).hexdigest()[:8]
    spec = REGISTRY[builder]
    assert spec.file is not None
    name = f"{builder}-{digest}.pth"
    url = spec.file.url.rpartition("/")[0] + f"/{name}"
    return replace(spec, file=replace(spec.file, name=name, sha256=digest, url=url)), data, module


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("SIGHTLINES_WEIGHTS_DIR", raising=False)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


def test_downloaded_verified_loaded_and_traced(
    cache: Path, monkeypatch: pytest.MonkeyPatch, picture: DecodedImage
) -> None:
    spec, data, module = published("resnet18")
    assert spec.file is not None
    monkeypatch.setitem(REGISTRY, "resnet18", spec)
    with pytest.raises(ModelError) as caught:
        load_model("resnet18", "cpu")
    assert caught.value.code == "weights_not_here"
    with hosting(data) as host:
        downloads = Downloads(mirror=host.url)
        downloads.start(spec.file)
        ended = downloads.wait(spec.file, 30)
    assert ended is not None and ended.state == "done"
    loaded = load_model("resnet18", "cpu")
    record = trace(loaded, picture)
    with torch.inference_mode():
        logits = module(torch.tensor(record.inputs))[0]
    np.testing.assert_allclose(record.logits, logits, rtol=1e-4, atol=1e-5)
    assert len(loaded.categories) == len(record.logits) == 1000
    assert loaded.categories[281] == "tabby"
    assert record.input_view.shape == (224, 224, 3)


def test_a_vit_with_the_names_of_older_files(
    cache: Path, monkeypatch: pytest.MonkeyPatch, picture: DecodedImage
) -> None:
    spec, data, module = published("vit_b_32", as_in_old_files=True)
    assert spec.file is not None
    expected = module.get_parameter("encoder.layers.encoder_layer_11.mlp.3.weight").clone()
    del module
    (cache / spec.file.name).write_bytes(data)
    del data
    monkeypatch.setitem(REGISTRY, "vit_b_32", spec)
    loaded = load_model("vit_b_32", "cpu")
    assert torch.equal(loaded.module.get_parameter("encoder.layers.encoder_layer_11.mlp.3.weight"), expected)
    record = trace(loaded, picture)
    assert {attention.shape for attention in record.attentions.values()} == {(12, 50, 50)}
    assert len(loaded.categories) == len(record.logits) == 1000


def test_batch_counts_that_old_files_leave_out_are_not_missed(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, data, _ = published("resnet18", as_in_old_files=True)
    assert spec.file is not None
    (cache / spec.file.name).write_bytes(data)
    monkeypatch.setitem(REGISTRY, "resnet18", spec)
    assert load_model("resnet18", "cpu").module.state_dict()["bn1.num_batches_tracked"] == 0


def test_half_a_file_is_never_loaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec, data, _ = published("resnet18")
    assert spec.file is not None
    monkeypatch.setitem(REGISTRY, "resnet18", spec)
    (cache / f"{spec.file.name}.partial").write_bytes(data)
    with pytest.raises(ModelError) as caught:
        load_model("resnet18", "cpu")
    assert caught.value.code == "weights_not_here"
    (cache / spec.file.name).write_bytes(data[:-100])
    with pytest.raises(ModelError) as caught:
        load_model("resnet18", "cpu")
    assert caught.value.code == "weights_corrupt"
