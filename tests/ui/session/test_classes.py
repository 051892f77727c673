"""A class is a list and an index: two of one name, and one that is called like our own words, stay apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torchvision.models import resnet18

from models import REGISTRY, load_model
from models.weights.locate import categories
from tests.ui.running import Open, problems
from ui.session.classes import by_name, canonical, identifier, index_of, is_same, offered, read_name
from ui.show.language import translate

Own = Callable[[str, str], str]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Own:
    """Gives this server a ResNet-18 with these class names, one a line, and returns its key."""
    monkeypatch.setenv("SIGHTLINES_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setattr(REGISTRY, "_specs", dict(REGISTRY))

    def add(name: str, labels: str) -> str:
        torch.manual_seed(len(labels))
        count = len(labels.splitlines())
        save_file(resnet18(num_classes=count).state_dict(), tmp_path / f"{name}.resnet18.safetensors")
        if not labels.startswith("#"):
            (tmp_path / f"{name}.resnet18.txt").write_text(labels, encoding="utf-8")
        REGISTRY.refresh()
        return f"local.{name}.resnet18"

    return add


def test_lists_share_by_index_or_by_a_name_that_is_beyond_doubt(own: Own) -> None:
    zoo, port = own("zoo", "crane\ncat\ncrane\nauto"), own("port", "auto\ncat\ncrane")
    first, second = (load_model(key, "cpu") for key in (zoo, port))
    assert index_of(identifier(zoo, 2), first) == 2
    assert [index_of(identifier(zoo, index), second) for index in range(4)] == [None, 1, None, 0]
    assert index_of(identifier(port, 2), first) is None, "which of the two cranes?"
    assert index_of(identifier(zoo, 4), first) is index_of("auto", first) is None
    assert is_same((first, 3), (second, 0)) and not is_same((first, 0), (second, 2))
    classroom = load_model("resnet18_classroom", "cpu")
    cat = categories("classroom").index("cat")
    assert index_of(identifier(zoo, 1), classroom) == cat
    assert is_same((classroom, cat), (second, 1))
    assert canonical(identifier("classroom", cat), [zoo, port]) == identifier(zoo, 1)
    assert canonical(identifier("classroom", 0), [zoo, port]) is None
    assert list(offered([zoo, port])) == [
        *(identifier(zoo, index) for index in range(4)),
        identifier(port, 2),
    ]
    assert len(offered(["classroom", "classroom"])) == 107


def test_numbers_of_two_networks_without_names_are_no_names(own: Own) -> None:
    three, four = own("three", "#\n#\n#"), own("four", "#\n#\n#\n#")
    first, second = (load_model(key, "cpu") for key in (three, four))
    assert first.categories == ("#0", "#1", "#2")
    assert index_of(identifier(three, 1), second) is None
    assert len(offered([three, four])) == 7
    names = by_name(offered([three, four]), lambda name: name)
    assert list(names.values()) == ["#0", "#0", "#1", "#1", "#2", "#2", "#3"]


def test_two_networks_and_two_classes_of_one_name_can_both_be_chosen(
    own: Own, open_page: Open, tmp_path: Path
) -> None:
    three, four = own("three", "#\n#\n#"), own("four", "#\n#\n#")
    for key in (three, four):
        (tmp_path / f"{key.removeprefix('local.')}.toml").write_text('title = "Birds"')
    (tmp_path / "four.resnet18.txt").write_text("#0\n#1\ncat")
    REGISTRY.refresh()
    page = open_page(left=three, right=three)
    for key in (four, three):
        page.selectbox(key="network-right").set_value(key).run()
        assert page.query_params["right"] == key
    page = open_page(left=three, right=four)
    for target in (identifier(four, 1), identifier(three, 1)):
        page.selectbox(key="target").set_value(target).run()
        assert page.query_params["class"] == target
    assert len(set(page.selectbox(key="target").options)) == len(page.selectbox(key="target").options)
    assert len(set(page.selectbox(key="network-left").options)) == len(REGISTRY)


def test_settings_once_named_a_class_by_its_name(own: Own) -> None:
    zoo = own("zoo", "auto\ncat")
    assert read_name("cat", ["classroom"]) == identifier("classroom", 17)
    assert read_name("cat", [zoo]) == identifier(zoo, 1)
    assert read_name("Cardigan", []) == identifier("imagenet", 264)
    assert read_name(identifier(zoo, 0), []) == identifier(zoo, 0)
    assert read_name("unicorn", [zoo]) is None


def test_two_cranes_and_a_class_called_auto_can_be_chosen_and_linked_to(own: Own, open_page: Open) -> None:
    key = own("zoo", "crane\ncat\ncrane\nauto")
    for index, name in ((0, "crane (#0)"), (2, "crane (#2)"), (3, "auto")):
        page = open_page(left=key, right="resnet18_classroom", **{"class": identifier(key, index)})
        assert problems(page) == []
        assert page.query_params["class"] == identifier(key, index)
        assert page.selectbox(key="target").value == identifier(key, index)
        assert name in page.selectbox(key="target").options
        assert translate("en", "link.class") not in [info.value for info in page.info]
    page.selectbox(key="target").set_value(identifier(key, 0)).run()
    assert page.query_params["class"] == identifier(key, 0)
    page = open_page(
        page="activation", left=key, right=key, **{"class": identifier(key, 0), "activation-rather": "on"}
    )
    assert problems(page) == []
    page.selectbox(key="activation-against").set_value(identifier(key, 3)).run()
    assert page.query_params["activation-against"] == identifier(key, 3)
    page.selectbox(key="activation-against").set_value("auto").run()
    assert page.query_params["activation-against"] == "auto"


def test_a_second_class_in_words_is_still_understood(open_page: Open) -> None:
    query = {"class": "dog", "activation-against": "cat", "activation-rather": "on"}
    page = open_page(page="activation", picture="dog", **query)
    assert problems(page) == []
    assert page.selectbox(key="activation-against").value == "classroom.17"
    assert page.query_params["activation-against"] == "classroom.17"


def test_a_network_that_is_not_here_is_said(open_page: Open) -> None:
    page = open_page(left="local.$birds$.resnet18", **{"class": "local.$birds$.resnet18.1"})
    assert problems(page) == []
    (said,) = [info.value for info in page.info]
    assert r"\$birds\$.resnet18" in said and "ResNet-18" in said
    assert page.query_params["left"] == "resnet18_distilled"
    page.selectbox(key="network-left").set_value("resnet18_classroom").run()
    assert not page.info
    page = open_page(**{"class": "imagenet.281"})
    assert [info.value for info in page.info] == [translate("en", "link.class")]
