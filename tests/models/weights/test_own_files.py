"""A person's own checkpoints appear by their names, and what is wrong with one is said precisely."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision.models
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision.models import VisionTransformer, resnet18

from models import REGISTRY, DecodedImage, load_model, trace
from models.errors import ModelError
from models.networks.registry import Registry
from models.networks.spec import ModelSpec
from models.pictures.fit import Preprocess
from models.weights import own_files
from models.weights.checkpoints import fill, read_contents, read_state
from models.weights.locate import build, categories
from models.weights.own_files import Scan, scan


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIGHTLINES_WEIGHTS_DIR", str(tmp_path))
    return tmp_path


def birds(classes: int = 3) -> dict[str, Tensor]:
    torch.manual_seed(0)
    return resnet18(num_classes=classes).state_dict()


def only(folder: Path) -> ModelSpec:
    found = scan(folder)
    assert not found.problems
    (spec,) = found.specs
    return spec


def problem(folder: Path) -> ModelError:
    found = scan(folder)
    assert not found.specs
    (error,) = found.problems
    return error


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_a_checkpoint_with_labels_becomes_a_network(
    folder: Path, suffix: str, picture: DecodedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, path = birds(), folder / f"birds.resnet18.{suffix}"
    if suffix == "pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    (folder / "birds.resnet18.txt").write_text("blackbird\nrobin\n山雀\n", encoding="utf-8")
    monkeypatch.setattr(REGISTRY, "_specs", dict(REGISTRY))
    REGISTRY.refresh()
    spec = REGISTRY["local.birds.resnet18"]
    assert (spec.title, spec.source, spec.trained) == ("birds (ResNet-18)", "local", True)
    assert spec.preprocess == Preprocess(256, 224, "bilinear")
    loaded = load_model("local.birds.resnet18", "cpu")
    assert loaded.categories == categories(spec.classes) == ("blackbird", "robin", "山雀")
    assert torch.equal(loaded.module.get_parameter("fc.weight"), state["fc.weight"])
    assert trace(loaded, picture).logits.shape == (3,)


def test_settings_beside_a_checkpoint_are_followed(folder: Path) -> None:
    save_file(birds(), folder / "birds.resnet18.safetensors")
    (folder / "birds.resnet18.toml").write_text(
        'title = "Garden birds"\nlicence = "CC0-1.0"\nresize = 160\ncrop = 128\ninterpolation = "bicubic"\n'
        "mean = [0.5, 0.5, 0.5]\nstd = [1, 1, 1]\n"
    )
    spec = only(folder)
    assert (spec.title, spec.card.licence, spec.card.training_data) == ("Garden birds", "CC0-1.0", "own")
    assert spec.preprocess == Preprocess(160, 128, "bicubic", (0.5, 0.5, 0.5), (1, 1, 1))


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ("croop = 128", "croop"),
        ("crop = '128'", "crop"),
        ("crop = true", "crop"),
        ("crop = 1000000", "crop"),
        ("title = 3", "title"),
        ("interpolation = 'nearest'", "interpolation"),
        ("mean = 0.5", "mean"),
        ("mean = [0.5, 0.5, 'x', 0.5]", "mean"),
        ("std = [1, 1, 0]", "std"),
        ("std = [1, 1, nan]", "std"),
        ("= nonsense", "Invalid"),
    ],
)
def test_settings_that_make_no_sense_are_named(folder: Path, text: str, setting: str) -> None:
    save_file(birds(), folder / "birds.resnet18.safetensors")
    (folder / "birds.resnet18.toml").write_text(text)
    error = problem(folder)
    assert error.code == "settings_invalid"
    assert error.params["file"] == "birds.resnet18.toml"
    assert setting in error.params["setting"]


@pytest.mark.parametrize("suffix", ["toml", "txt"])
def test_a_file_that_cannot_be_opened_tells_no_path_of_the_server(folder: Path, suffix: str) -> None:
    save_file(birds(), folder / "birds.resnet18.safetensors")
    (folder / f"birds.resnet18.{suffix}").mkdir()
    error = problem(folder)
    assert error.params["file"] == f"birds.resnet18.{suffix}"
    assert not any(str(folder) in str(value) for value in error.params.values())


@pytest.mark.parametrize("type_", [torch.float16, torch.bfloat16, torch.float64])
def test_a_checkpoint_of_which_every_tensor_was_cast_is_offered(folder: Path, type_: torch.dtype) -> None:
    state = {name: tensor.to(type_) for name, tensor in birds().items()}
    assert any(name.endswith("num_batches_tracked") for name in state)
    torch.save(state, folder / "birds.resnet18.pth")
    assert only(folder).options["num_classes"] == 3


def test_without_labels_classes_have_numbers(folder: Path) -> None:
    save_file(birds(3), folder / "birds.resnet18.safetensors")
    assert only(folder).labels == ("#0", "#1", "#2")


def test_a_thousand_classes_are_those_of_imagenet(folder: Path) -> None:
    save_file(birds(1000), folder / "mine.resnet18.safetensors")
    spec = only(folder)
    assert (spec.classes, spec.labels) == ("imagenet", ())


@pytest.mark.parametrize("labels", ["a\nb\n", "a\nb\nc\nd", "a\n\nc", ""])
def test_labels_that_do_not_fit_are_refused(folder: Path, labels: str) -> None:
    save_file(birds(3), folder / "birds.resnet18.safetensors")
    (folder / "birds.resnet18.txt").write_text(labels)
    error = problem(folder)
    assert error.code == "labels_mismatch"
    assert error.params["expected"] == 3


def test_two_classes_of_one_name_are_told_apart(folder: Path) -> None:
    save_file(birds(4), folder / "birds.resnet18.safetensors")
    (folder / "birds.resnet18.txt").write_text("crane\nrobin\ncrane\nauto\n")
    assert only(folder).labels == ("crane (#0)", "robin", "crane (#2)", "auto")


def test_names_told_apart_meet_no_other_name(folder: Path) -> None:
    save_file(birds(5), folder / "birds.resnet18.safetensors")
    (folder / "birds.resnet18.txt").write_text("crane\ncrane\ncrane (#0)\ncrane (#1)\ncrane (#1)\n")
    labels = only(folder).labels
    assert labels[:3] == ("crane (#0) (#0)", "crane (#1) (#1)", "crane (#0)")
    assert len(set(labels)) == 5


def test_labels_that_are_no_text_are_refused(folder: Path) -> None:
    save_file(birds(3), folder / "birds.resnet18.safetensors")
    (folder / "birds.resnet18.txt").write_bytes(b"\xff\xfe\x00")
    assert problem(folder).code == "labels_unreadable"


@pytest.mark.parametrize(
    "wrapper",
    ["state_dict", "model", "model_state_dict", "net", "network", "module", "weights", "my_best_run"],
)
def test_checkpoints_of_a_training_run_are_unwrapped(folder: Path, wrapper: str) -> None:
    state = birds()
    parallel = {f"module.{name}": value.half() for name, value in state.items()}
    torch.save({wrapper: parallel, "epoch": 7}, folder / "birds.resnet18.pth")
    module = build(only(folder))
    assert torch.equal(module.get_parameter("fc.weight"), state["fc.weight"].half().float())


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod.", "model.", "net.0."])
def test_any_prefix_before_all_names_is_taken_away(folder: Path, prefix: str) -> None:
    state = birds()
    torch.save({prefix + name: value for name, value in state.items()}, folder / "birds.resnet18.ckpt")
    spec = only(folder)
    assert spec.options["num_classes"] == 3
    assert torch.equal(build(spec).get_parameter("conv1.weight"), state["conv1.weight"])
    assert spec.card.left == ()


def test_tensors_of_a_loss_beside_the_network_are_told_and_left(folder: Path) -> None:
    state = {f"model.{name}": value for name, value in birds().items()}
    loss = {"criterion.pos_weight": torch.ones(3), "metric.total": torch.ones(())}
    torch.save(
        {"state_dict": state | loss, "epoch": 3, "optimizer_states": []}, folder / "birds.resnet18.ckpt"
    )
    spec = only(folder)
    assert (spec.card.taken, spec.card.left) == ("state_dict", ("criterion.pos_weight", "metric.total"))
    assert isinstance(build(spec), nn.Module)


@pytest.mark.parametrize("name", ["model_ema", "ema", "ema_state_dict", "state_dict_ema"])
def test_a_moving_average_goes_before_the_weights_it_was_made_of(folder: Path, name: str) -> None:
    averaged = {f"module.{key}": value for key, value in birds(3).items()}
    averaged["module.fc.bias"] = torch.tensor([1.0, 2.0, 3.0])
    averaged["n_averaged"] = torch.tensor(7)
    torch.save({"model": birds(3), name: averaged}, folder / "birds.resnet18.pt")
    spec = only(folder)
    assert (spec.card.taken, spec.card.averaged, spec.card.left) == (name, True, ("model",))
    assert build(spec).get_parameter("fc.bias").tolist() == [1, 2, 3]


def test_a_moving_average_inside_one_mapping_is_found_too(folder: Path) -> None:
    plain = {f"model.{key}": value for key, value in birds(3).items()}
    averaged = {f"model_ema.module.{key}": torch.ones_like(value) for key, value in birds(3).items()}
    torch.save({"state_dict": plain | averaged}, folder / "birds.resnet18.ckpt")
    spec = only(folder)
    assert spec.card.averaged
    assert build(spec).get_parameter("fc.bias").tolist() == [1, 1, 1]


def test_an_optimiser_and_the_mean_of_the_pictures_are_no_networks(folder: Path) -> None:
    module = _network()
    optimiser = torch.optim.Adam(module.parameters())
    module.train()(torch.zeros(2, 3, 32, 32)).sum().backward()
    optimiser.step()
    saved = {"best": birds(), "optimizer": optimiser.state_dict(), "mean": torch.zeros(3), "epoch": 3}
    torch.save(saved, folder / "birds.resnet18.pt")
    spec = only(folder)
    assert (spec.card.taken, spec.card.left) == ("best", ("mean",))
    assert torch.equal(build(spec).get_parameter("fc.weight"), birds()["fc.weight"])


def test_a_head_outside_the_prefix_is_shown_where_it_does_not_fit(folder: Path) -> None:
    state = {name if name.startswith("fc.") else f"backbone.{name}": value for name, value in birds().items()}
    state = {name.replace("fc.", "classifier."): value for name, value in state.items()}
    torch.save(state, folder / "birds.resnet18.pt")
    with pytest.raises(ModelError) as caught:
        build(only(folder))
    assert caught.value.params["theirs"].startswith("backbone.conv1.weight 64×3×7×7, ")
    assert caught.value.params["ours"].startswith("conv1.weight 64×3×7×7, ")


def test_several_networks_are_not_guessed_between(folder: Path) -> None:
    torch.save({"first": birds(), "second": birds()}, folder / "birds.resnet18.pt")
    error = problem(folder)
    assert (error.code, error.params["networks"]) == ("weights_several", "first, second")
    one = {f"student.{key}": value for key, value in birds().items()}
    other = {f"teacher.{key}": value for key, value in birds().items()}
    torch.save(one | other, folder / "birds.resnet18.pt")
    error = problem(folder)
    assert (error.code, error.params["networks"]) == ("weights_several", "student, teacher")


@pytest.mark.parametrize(
    ("builder", "head", "written"),
    [
        ("resnet18", "fc", "fc.1"),
        ("resnet18", "fc", "fc.linear"),
        ("vit_b_32", "heads.head", "heads.1"),
        ("vit_b_32", "heads.head", "heads.head.1"),
        ("vit_b_32", "heads.head", "heads"),
    ],
)
def test_a_head_of_dropout_and_linear_is_a_head(folder: Path, builder: str, head: str, written: str) -> None:
    with torch.device("meta"):
        names = getattr(torchvision.models, builder)(num_classes=3).state_dict()
    renamed = {name.replace(head, written): torch.zeros(value.shape) for name, value in names.items()}
    renamed[f"{written}.weight"] += 1
    save_file(renamed, folder / f"birds.{builder}.safetensors")
    spec = only(folder)
    assert spec.options["num_classes"] == 3
    assert build(spec).get_parameter(f"{head}.weight").unique().tolist() == [1]


def test_a_head_of_two_layers_is_a_mismatch(folder: Path) -> None:
    state = {name: value for name, value in birds().items() if not name.startswith("fc.")}
    state |= {"fc.0.weight": torch.zeros(64, 512), "fc.0.bias": torch.zeros(64)}
    state |= {"fc.3.weight": torch.zeros(3, 64), "fc.3.bias": torch.zeros(3)}
    torch.save(state, folder / "birds.resnet18.pt")
    with pytest.raises(ModelError) as caught:
        build(only(folder))
    assert caught.value.params["theirs"] == "fc.0.weight 64×512, fc.0.bias 64, fc.3.weight 3×64"
    assert caught.value.params["ours"] == "fc.weight 1000×512, fc.bias 1000"


@pytest.mark.parametrize(
    ("builder", "ending"),
    [
        ("ResNet18", "pth"),
        ("RESNET-18", "pt"),
        ("resnet18", "ckpt"),
        ("resnet_18", "bin"),
        ("resnet18", "pth.tar"),
        ("resnet18", "PTH"),
    ],
)
def test_suffixes_and_builders_are_read_as_people_write_them(folder: Path, builder: str, ending: str) -> None:
    torch.save(birds(), folder / f"my.birds.{builder}.{ending}")
    (folder / f"my.birds.{builder}.txt").write_text("a\nb\nc")
    found = scan(folder)
    assert [spec.key for spec in found.specs] == ["local.my.birds.resnet18"]
    assert found.specs[0].labels == ("a", "b", "c")
    assert not found.ignored


def test_files_from_before_archives_are_read(folder: Path) -> None:
    torch.save(birds(), folder / "old.resnet18.pth", _use_new_zipfile_serialization=False)
    assert isinstance(build(only(folder)), nn.Module)


def test_the_first_tensors_that_do_not_fit_are_named(folder: Path) -> None:
    state = birds()
    state["conv1.weight"] = torch.zeros(64, 3, 5, 5)
    del state["bn1.bias"]
    state["extra"] = torch.zeros(())
    save_file(state, folder / "odd.resnet18.safetensors")
    with pytest.raises(ModelError) as caught:
        build(only(folder))
    assert caught.value.code == "weights_mismatch"
    assert caught.value.params == {
        "file": "odd.resnet18.safetensors",
        "count": 3,
        "theirs": "conv1.weight 64×3×5×5, extra 1",
        "ours": "conv1.weight 64×3×7×7, bn1.bias 64",
    }


@pytest.mark.parametrize(
    ("name", "shape", "written"),
    [
        ("fc.weight", (), "fc.weight 1"),
        ("fc.weight", (3,), "fc.weight 3"),
        ("fc.weight", (3, 512, 1, 1), "fc.weight 3×512×1×1"),
        ("fc.weight", (0, 512), "fc.weight 0×512"),
        ("conv1.weight", (64, 1), "conv1.weight 64×1"),
    ],
)
def test_a_head_or_a_beginning_of_another_shape_is_a_mismatch(
    folder: Path, name: str, shape: tuple[int, ...], written: str
) -> None:
    save_file(birds() | {name: torch.zeros(shape)}, folder / "odd.resnet18.safetensors")
    error = problem(folder)
    assert (error.code, error.params["theirs"]) == ("weights_mismatch", written)
    assert error.params["ours"] == {"fc": "fc.weight 1000×512", "co": "conv1.weight 64×3×7×7"}[name[:2]]


def test_whatever_happens_with_one_file_the_others_are_offered(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(path: Path) -> object:
        if path.name.startswith("bad"):
            raise IndexError("tuple index out of range")
        return read_contents(path)

    for name in ("bad", "good"):
        save_file(birds(), folder / f"{name}.resnet18.safetensors")
    monkeypatch.setattr(own_files, "read_contents", failing)
    found = scan(folder)
    assert [spec.key for spec in found.specs] == ["local.good.resnet18"]
    assert [(error.code, error.params["file"]) for error in found.problems] == [
        ("weights_unreadable", "bad.resnet18.safetensors")
    ]
    assert "IndexError" in caplog.text


def test_another_network_under_this_name_is_a_mismatch(folder: Path) -> None:
    save_file({"weight": torch.zeros(2, 2)}, folder / "odd.vit_b_16.safetensors")
    with pytest.raises(ModelError) as caught:
        build(only(folder))
    assert caught.value.code == "weights_mismatch"
    assert caught.value.params["theirs"] == "weight 2×2"
    assert caught.value.params["ours"].startswith("class_token 1×1×768, conv_proj.weight 768×3×16×16, ")


_ODD: dict[str, Callable[[Tensor], Tensor]] = {
    "int8": lambda tensor: tensor.to(torch.int8),
    "int64": lambda tensor: tensor.to(torch.int64),
    "uint8": lambda tensor: tensor.to(torch.uint8),
    "bool": lambda tensor: tensor > 0,
    "complex64": lambda tensor: tensor.to(torch.complex64),
    "sparse_coo float32": lambda tensor: tensor.to_sparse(),
    "qint8": lambda tensor: torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8),
    "meta float32": lambda tensor: tensor.to("meta"),
}


# Only a pickle can hold the last three; PyTorch warns of quantised ones.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("kind", "suffix"),
    [*((kind, "pt") for kind in _ODD), *((kind, "safetensors") for kind in list(_ODD)[:5])],
)
def test_tensors_that_no_network_is_made_of_are_named_with_their_type(
    folder: Path, kind: str, suffix: str
) -> None:
    state = birds() | {"fc.weight": _ODD[kind](torch.rand(3, 512))}
    path = folder / f"odd.resnet18.{suffix}"
    if suffix == "pt":
        torch.save(state, path)
    else:
        save_file(state, path)
    error = problem(folder)
    assert (error.code, error.params) == (
        "weights_type",
        {"file": path.name, "tensor": "fc.weight", "type": kind},
    )
    with torch.device("meta"):
        module = resnet18(num_classes=3)
    with pytest.raises(ModelError) as caught:
        fill(module, read_state(path), path.name)
    assert (caught.value.code, caught.value.params) == (error.code, error.params)


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn])
def test_floating_point_numbers_of_every_width_are_read(folder: Path, kind: torch.dtype) -> None:
    save_file(birds() | {"fc.bias": torch.ones(3).to(kind)}, folder / "birds.resnet18.safetensors")
    assert build(only(folder)).get_parameter("fc.bias").tolist() == [1, 1, 1]


def test_whole_numbers_that_the_network_does_not_have_are_a_mismatch(folder: Path) -> None:
    save_file(birds() | {"layer1.steps": torch.tensor([7])}, folder / "odd.resnet18.safetensors")
    with pytest.raises(ModelError) as caught:
        build(only(folder))
    assert (caught.value.code, caught.value.params["theirs"]) == ("weights_mismatch", "layer1.steps 1")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e300])
def test_numbers_that_are_not_finite_are_refused_with_their_tensor(folder: Path, value: float) -> None:
    state = birds()
    state["layer2.0.bn1.running_var"] = state["layer2.0.bn1.running_var"].double()
    state["layer2.0.bn1.running_var"][3] = value
    save_file(state, folder / "odd.resnet18.safetensors")
    with pytest.raises(ModelError) as caught:
        build(only(folder))
    assert caught.value.code == "weights_not_finite"
    assert caught.value.params == {"file": "odd.resnet18.safetensors", "tensor": "layer2.0.bn1.running_var"}


def test_finite_weights_that_overflow_are_noticed_after_the_forward(
    folder: Path, picture: DecodedImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(REGISTRY, "_specs", dict(REGISTRY))
    state = birds()
    state["fc.weight"] *= 1e38
    state["layer4.1.bn2.weight"] *= 1e6
    save_file(state, folder / "large.resnet18.safetensors")
    REGISTRY.refresh()
    with pytest.raises(ModelError) as caught:
        trace(load_model("local.large.resnet18", "cpu"), picture)
    assert caught.value.code == "logits_not_finite"
    assert caught.value.params == {"name": "large (ResNet-18)"}


class _Explosive:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("exploded"),))


@pytest.mark.parametrize(
    "content",
    [b"", b"not a checkpoint", pickle.dumps({"a": _Explosive()})],
    ids=["empty", "text", "code"],
)
@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_what_cannot_be_read_safely_is_refused(
    folder: Path, content: bytes, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / f"bad.resnet18.{suffix}").write_bytes(content)
    error = problem(folder)
    assert error.code == "weights_unreadable"
    assert error.params == {"file": f"bad.resnet18.{suffix}"}
    assert not (folder / "exploded").exists()


def test_code_inside_an_archive_is_not_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    torch.save({"state_dict": birds(), "best": _Explosive()}, folder / "bad.resnet18.pth")
    error = problem(folder)
    assert error.code == "weights_with_objects"
    assert "pathlib" in error.params["objects"]
    assert not (folder / "exploded").exists()


class _Settings:
    """What a training run keeps beside its weights."""


_AVERAGE = 2.0
"""What a moving average of the weights is told by."""

_CURED: dict[str, Callable[[], Any]] = {
    "state_dict": lambda: {"epoch": 3, "state_dict": birds(), "args": _Settings()},
    "weights": lambda: {"weights": birds(), "args": _Settings(), "arch": "net"},
    "unusual": lambda: {"state": birds(), "args": _Settings()},
    "flat": lambda: {**birds(), "args": _Settings()},
    "ordered": lambda: OrderedDict([*birds().items(), ("args", _Settings())]),
    "arrays": lambda: {name: tensor.numpy() for name, tensor in birds().items()},
    "nested": lambda: {"checkpoint": {"state_dict": birds()}, "args": _Settings()},
    "among others": lambda: {"model": {"state_dict": birds(), "args": _Settings()}},
    "list": lambda: [birds(), _Settings()],
    "network": lambda: _network(),
    "parallel": lambda: nn.DataParallel(_network()),
    "network in model": lambda: {"model": _network(), "args": 1},
    "network in net": lambda: {"net": _network(), "epoch": 1},
    "network in state_dict": lambda: {"state_dict": _network()},
    "network averaged": lambda: {"ema": _network(), "model": None},
    "name as a value": lambda: {"args": _Settings(), "cfg": {"model": "net"}, "state_dict": birds()},
    "averaged": lambda: {"model": _times(_AVERAGE), "ema": birds(), "args": _Settings()},
}


@pytest.mark.parametrize("content", _CURED.values(), ids=_CURED)
def test_objects_beside_the_tensors_are_named_and_two_lines_cure_it(
    folder: Path, content: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines are run as they stand; the file that was there stays as it was."""
    path = folder / "birds.resnet18.pth"
    torch.save(content(), path)
    before = path.read_bytes()
    error = problem(folder)
    assert error.code == "weights_with_objects" and error.params["file"] == path.name
    assert any(name in error.params["objects"] for name in ("_Settings", "resnet.ResNet", "numpy"))
    lines = error.params["lines"].splitlines()
    assert len(lines) == 2 and lines[1].endswith(', "birds-weights.resnet18.pth")')
    monkeypatch.chdir(folder)
    exec(error.params["lines"], {"torch": torch})
    assert path.read_bytes() == before
    path.unlink()
    spec = only(folder)
    assert spec.builder == "resnet18"
    assert torch.equal(build(spec).get_parameter("fc.weight"), birds()["fc.weight"])


def _times(factor: float) -> dict[str, Tensor]:
    return {name: tensor * factor for name, tensor in birds().items()}


def test_what_stands_beside_a_network_is_left_and_told(folder: Path) -> None:
    beside = {
        "criterion.centers": torch.zeros(3, 4),
        "mean": torch.zeros(3),
        "steps": torch.tensor([7]),
    }
    torch.save({"state_dict": {**birds(), **beside}}, folder / "birds.resnet18.pth")
    spec = only(folder)
    assert spec.card is not None and set(spec.card.left) == set(beside)
    assert torch.equal(build(spec).get_parameter("fc.weight"), birds()["fc.weight"])


def test_what_stands_inside_a_network_makes_it_another(folder: Path) -> None:
    """Squeeze-and-excitation, say: without it the network would answer something else."""
    save_file({**birds(), "layer1.0.se.weight": torch.ones(2)}, folder / "birds.resnet18.safetensors")
    with pytest.raises(ModelError) as caught:
        build(only(folder))
    assert caught.value.code == "weights_mismatch"


def test_a_moving_average_of_the_parameters_alone_is_no_whole_network(folder: Path) -> None:
    shadow = {name: tensor * 2 for name, tensor in birds().items() if "running" not in name}
    content = {"model": birds(), "ema": {"decay": 0.99, "shadow": shadow}}
    torch.save(content, folder / "birds.resnet18.pth")
    spec = only(folder)
    assert spec.card is not None and not spec.card.averaged and spec.card.taken == "model"
    assert torch.equal(build(spec).get_parameter("fc.weight"), birds()["fc.weight"])


def test_a_name_that_is_no_text_takes_nothing_away(folder: Path) -> None:
    (folder / "birds.resnet18.pth").write_bytes(b"")
    save_file(birds(), folder / "fish.resnet18.safetensors")
    with open(os.fsencode(folder) + b"/caf\xe9.resnet18.pth", "wb") as file:
        file.write(b"x")
    found = scan(folder)
    assert [spec.key for spec in found.specs] == ["local.fish.resnet18"]
    assert [(error.code, error.params["file"]) for error in found.ignored] == [
        ("ignored_name", "caf\N{REPLACEMENT CHARACTER}.resnet18.pth")
    ]
    str(found.ignored[0]).encode()


@pytest.mark.parametrize("suffix", [".TXT", ".Txt"])
def test_names_are_found_whatever_the_case_of_their_suffix(folder: Path, suffix: str) -> None:
    save_file(birds(), folder / "birds.resnet18.safetensors")
    (folder / f"birds.resnet18{suffix}").write_text("mouse\near\ncrane")
    assert only(folder).labels == ("mouse", "ear", "crane")
    assert not scan(folder).ignored


def test_what_nobody_wrote_is_not_blamed_on_the_settings(folder: Path) -> None:
    save_file(birds(), folder / "birds.resnet18.safetensors")
    (folder / "birds.resnet18.toml").write_text("crop = 1900")
    assert only(folder).preprocess.resize >= 1900


def _network() -> nn.Module:
    module = resnet18(num_classes=3)
    module.load_state_dict(birds())
    return module


def test_a_pickle_of_something_else_is_refused(folder: Path) -> None:
    torch.save([torch.zeros(1)], folder / "list.resnet18.pth")
    assert problem(folder).code == "weights_unreadable"


def test_a_file_that_is_not_used_has_its_reason(folder: Path) -> None:
    names = ("birds.pth", "b.resnet19.pth", "b.resnet18.h5", "x.pth.partial", "no.resnet18.txt", ".hidden")
    for name in names:
        (folder / name).write_bytes(b"whatever")
    for name in ("deep.resnet18.pth", "x.pt", "resnet50-0676ba61.pth"):
        (folder / name).mkdir()
    (folder / "gone.resnet18.pt").symlink_to(folder / "nowhere")
    (folder / "round.resnet18.pt").symlink_to(folder / "round.resnet18.pt")
    os.mkfifo(folder / "pipe.resnet18.pt")
    found = scan(folder)
    assert not found.specs and not found.problems
    assert {error.params["file"]: error.code for error in found.ignored} == {
        "birds.pth": "ignored_builder",
        "b.resnet19.pth": "ignored_builder",
        "b.resnet18.h5": "ignored_suffix",
        "x.pth.partial": "ignored_suffix",
        "no.resnet18.txt": "ignored_sidecar",
        "deep.resnet18.pth": "ignored_folder",
        "x.pt": "ignored_folder",
        "resnet50-0676ba61.pth": "ignored_folder",
        "gone.resnet18.pt": "ignored_link",
        "round.resnet18.pt": "ignored_link",
        "pipe.resnet18.pt": "ignored_special",
    }


def test_the_safer_of_two_forms_is_taken(folder: Path) -> None:
    save_file(birds(), folder / "birds.resnet18.safetensors")
    torch.save(birds(5), folder / "birds.resnet18.pth")
    spec = only(folder)
    (ignored,) = scan(folder).ignored
    assert ignored.code == "ignored_twice"
    assert ignored.params == {"file": "birds.resnet18.pth", "other": "birds.resnet18.safetensors"}
    assert spec.file is not None and spec.file.name == "birds.resnet18.safetensors"
    assert spec.options == {"num_classes": 3}


def test_published_files_of_other_recipes_are_recognised(folder: Path) -> None:
    for name in ("resnet50-0676ba61.pth", "resnet50-11ad3fa6.pth", "vit_b_16_swag-9ac1b537.pth"):
        (folder / name).write_bytes(b"")
    found = scan(folder)
    assert [spec.key for spec in found.specs] == ["resnet50-imagenet1k_v1", "vit_b_16-imagenet1k_swag_e2e_v1"]
    assert not found.problems and not found.ignored


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    found = scan(tmp_path / "nowhere")
    assert len(found.specs) == 0 and len(found.problems) == 1
    error = found.problems[0]
    assert error.code == "weights_folder_missing"
    assert error.params == {"folder": str(tmp_path / "nowhere")}
    assert scan(None) == Scan()


def test_the_size_of_a_vits_picture_is_read_from_its_positions(folder: Path) -> None:
    with torch.device("meta"):
        large = VisionTransformer(96, 32, 12, 12, 768, 3072, num_classes=2).state_dict()
    save_file(
        {name: torch.zeros(value.shape) for name, value in large.items() if "layer_" not in name},
        folder / "small.vit_b_32.safetensors",
    )
    spec = only(folder)
    assert spec.options == {"num_classes": 2, "image_size": 96}
    assert (spec.preprocess.crop, spec.preprocess.resize) == (96, 110)
    (folder / "small.vit_b_32.toml").write_text("crop = 224")
    assert problem(folder).params["setting"] == "crop"


def test_a_replaced_file_is_another_network(folder: Path) -> None:
    save_file(birds(3), folder / "birds.resnet18.safetensors")
    before = only(folder)
    save_file(birds(4), folder / "birds.resnet18.safetensors")
    after = only(folder)
    assert before.key == after.key
    assert before.weights != after.weights and before != after


def test_the_registry_remembers_what_a_session_may_be_showing(folder: Path) -> None:
    registry = Registry([])
    registry.refresh()
    assert list(registry) == [] and list(registry.problems) == []
    path = folder / "birds.resnet18.safetensors"
    save_file(birds(), path)
    (folder / "bad.resnet18.pth").write_bytes(b"")
    registry.refresh()
    assert list(registry) == ["local.birds.resnet18"]
    assert [error.code for error in registry.problems] == ["weights_unreadable"]
    path.unlink()
    registry.refresh()
    assert "local.birds.resnet18" in registry
    with pytest.raises(ModelError) as caught:
        build(registry["local.birds.resnet18"])
    assert caught.value.code == "weights_not_here"
    assert caught.value.params["expected"] == str(path)


def test_who_iterates_over_the_registry_sees_one_state_of_it() -> None:
    registry = Registry([REGISTRY["resnet18"]])
    iterator = iter(registry)
    registry["other"] = REGISTRY["resnet34"]
    assert list(iterator) == ["resnet18"]
    assert list(registry) == ["resnet18", "other"]
    del registry["other"]
    assert list(registry) == ["resnet18"]
