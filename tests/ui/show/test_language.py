"""The catalogues say the same in every language, and the app says nothing that is not in them."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from models.weights.locate import categories
from ui.session.pages import EXPLORE
from ui.show.language import LANGUAGES, bind_units, catalogue, class_name, match_language, translate

ROOT = Path(__file__).parents[3]
LOCALES = ROOT / "ui" / "show" / "locales"
CLASSES = categories("classroom")
IMAGENET = categories("imagenet")
CLASS_FILES = ("classes.zh-CN.json", "classes.imagenet.zh-CN.json")
HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]")
KEY = re.compile(r"[a-z][a-z0-9_-]*(\.[A-Za-z0-9_-]+)+")
PREFIX = re.compile(r"([a-z][a-z0-9_-]*\.)([A-Za-z0-9_-]+\.)*[A-Za-z0-9_-]*")


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


def interface_trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in [ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "ui").rglob("*.py")]:
        if path.is_file():
            yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def leading_text(node: ast.JoinedStr) -> str:
    first = node.values[0] if node.values else None
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def strings_in(node: ast.expr) -> Iterator[tuple[str, bool]]:
    """The texts that an argument can be, each with whether it is only the beginning of one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, False
    elif isinstance(node, ast.JoinedStr):
        yield leading_text(node), True
    elif isinstance(node, ast.IfExp):
        yield from strings_in(node.body)
        yield from strings_in(node.orelse)


def requested_keys(tree: ast.Module) -> Iterator[tuple[int, str, bool]]:
    """Line, key and whether it is a prefix, for every ``t(key)`` and ``translate(language, key)``."""
    position = {"t": 0, "translate": 1}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        at = position.get(name) if isinstance(name, str) else None
        if at is not None and len(node.args) > at:
            for text, is_prefix in strings_in(node.args[at]):
                yield node.lineno, text, is_prefix


def mentioned(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Whole keys and beginnings of keys that a file writes anywhere, also outside a call."""
    keys: set[str] = set()
    prefixes: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and PREFIX.fullmatch(leading_text(node)):
            prefixes.add(leading_text(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if KEY.fullmatch(node.value):
                keys.add(node.value)
            elif node.value.endswith(".") and PREFIX.fullmatch(node.value):
                prefixes.add(node.value)
    return keys, prefixes


def no_duplicates(pairs: list[tuple[str, str]]) -> dict[str, str]:
    keys = [key for key, _ in pairs]
    assert sorted(keys) == sorted(set(keys)), "a key is written twice"
    return dict(pairs)


FILES = sorted(path.name for path in (LOCALES / "en").iterdir())


@pytest.mark.parametrize("name", [*(f"{tag}/{name}" for tag in LANGUAGES for name in FILES), *CLASS_FILES])
def test_a_catalogue_is_a_flat_object_of_texts(name: str) -> None:
    texts = json.loads((LOCALES / name).read_text(encoding="utf-8"), object_pairs_hook=no_duplicates)
    assert texts
    assert [key for key, text in texts.items() if not isinstance(text, str) or not text.strip()] == []
    assert [key for key, text in texts.items() if text != text.strip()] == []


def test_what_begins_alike_stands_in_one_file_in_every_language() -> None:
    """Each page has its file; what belongs to none is in ``shared.json``."""
    found = [
        {
            key: name
            for name in sorted(path.name for path in (LOCALES / tag).iterdir())
            for key in json.loads((LOCALES / tag / name).read_text(encoding="utf-8"))
        }
        for tag in LANGUAGES
    ]
    assert all(each == found[0] for each in found)
    homes: dict[str, set[str]] = {}
    for key, name in found[0].items():
        homes.setdefault(key.partition(".")[0], set()).add(name)
    assert {beginning: names for beginning, names in homes.items() if len(names) > 1} == {}
    assert {f"{page}.json" for page in (*EXPLORE, "side_by_side", "models")} <= set(FILES)


def test_every_language_has_the_same_keys() -> None:
    english = catalogue("en").keys()
    for language in LANGUAGES:
        assert catalogue(language).keys() ^ english == set(), language


def test_every_language_has_the_same_placeholders() -> None:
    for key, text in catalogue("en").items():
        names = placeholders(text)
        assert all(name.isidentifier() for name in names), key
        for language in LANGUAGES:
            assert placeholders(catalogue(language)[key]) == names, f"{key} in {language}"


def test_every_text_that_the_app_asks_for_exists() -> None:
    keys = catalogue("en").keys()
    missing = [
        f"{path}:{line} {text}{'...' if is_prefix else ''}"
        for path, tree in interface_trees()
        for line, text, is_prefix in requested_keys(tree)
        if not (any(key.startswith(text) for key in keys) if is_prefix else text in keys)
    ]
    assert missing == []


@pytest.mark.skipif(not (ROOT / "app.py").exists(), reason="there is no interface yet to use a text")
def test_no_text_is_unused() -> None:
    keys: set[str] = set()
    prefixes: set[str] = set()
    for _, tree in interface_trees():
        more_keys, more_prefixes = mentioned(tree)
        keys |= more_keys
        prefixes |= more_prefixes
    unused = [key for key in catalogue("en") if key not in keys and not key.startswith(tuple(prefixes))]
    assert unused == []


def test_the_scan_sees_literals_choices_and_prefixes() -> None:
    tree = ast.parse(
        't("a.b")\nui.t(f"error.{code}")\ntranslate(lang, "x.y" if ok else "x.z")\nlabel("not.asked")'
    )
    assert [entry[1:] for entry in requested_keys(tree)] == [
        ("a.b", False),
        ("error.", True),
        ("x.y", False),
        ("x.z", False),
    ]
    assert mentioned(tree) == ({"a.b", "x.y", "x.z", "not.asked"}, {"error."})


def test_texts_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"greet": "{key}: {share:.0%} of {count}", "plain": "set {{1, 2}}"}
    monkeypatch.setattr("ui.show.language.catalogue", lambda language, touch: texts)
    assert translate("en", "greet", key="cat", share=0.934, count=3, unused=True) == "cat: 93% of 3"
    assert translate("en", "plain") == "set {1, 2}"
    with pytest.raises(KeyError, match="share"):
        translate("en", "greet", key="cat", count=3)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_key_is_an_error(language: str) -> None:
    assert translate(language, "app.title") == "Sightlines"
    with pytest.raises(KeyError, match=r"no\.such\.key"):
        translate(language, "no.such.key")


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(KeyError, match="tlh"):
        translate("tlh", "app.title")
    with pytest.raises(KeyError, match="tlh"):
        class_name("tlh", "cat")


def test_every_class_has_its_own_chinese_name() -> None:
    """Also across the two label sets: a list with the classes of both finds a class by its name."""
    names = {english: class_name("zh-CN", english) for english in (*CLASSES, *IMAGENET)}
    assert [english for english, name in names.items() if not HAN.search(name)] == ["iPod"]
    times = Counter(names.values())
    assert {english: name for english, name in names.items() if times[name] > 1} == {}


def test_imagenet_is_named_whole_and_in_its_own_order() -> None:
    names = json.loads((LOCALES / "classes.imagenet.zh-CN.json").read_text(encoding="utf-8"))
    assert list(names) == list(IMAGENET)
    assert len(names) == 1000


def test_latin_letters_stay_only_where_chinese_writes_them() -> None:
    latin = {english for english in (*CLASSES, *IMAGENET) if LATIN.search(class_name("zh-CN", english))}
    assert latin == {"iPod", "jersey", "Model T"}


def test_a_class_of_both_label_sets_is_named_alike_in_both_files() -> None:
    bundled, imagenet = (json.loads((LOCALES / name).read_text(encoding="utf-8")) for name in CLASS_FILES)
    assert {name for name in bundled.keys() & imagenet.keys() if bundled[name] != imagenet[name]} == set()


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("crane bird", "鹤"),
        ("crane", "起重机"),
        ("Cardigan", "卡迪根威尔士柯基犬"),
        ("cardigan", "开衫"),
        ("drake", "公鸭"),
        ("kite", "鸢"),
        ("pirate", "海盗船"),
        ("plane", "木工刨"),
        ("swab", "拖把"),
        ("hip", "蔷薇果"),
    ],
)
def test_an_ambiguous_word_is_translated_by_what_its_class_shows(english: str, chinese: str) -> None:
    assert english in IMAGENET
    assert class_name("zh-CN", english) == chinese


def test_class_names_fall_back_to_english() -> None:
    assert class_name("zh-CN", "cat") == "猫"
    assert class_name("en", "cat") == "cat"
    assert class_name("zh-CN", "Egyptian cat") == "埃及猫"
    assert class_name("zh-CN", "no such class") == "no such class"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("*", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"),
        ("zh", "zh-CN"),
        ("ZH-hans-cn", "zh-CN"),
        ("zh-TW", "zh-CN"),
        ("fr-CH, fr;q=0.9, de;q=0.7", "en"),
        ("fr, zh;q=0.5, en;q=0.4", "zh-CN"),
        ("en;q=0.3, zh;q=0.7", "zh-CN"),
        ("zh;q=0, en;q=0.1", "en"),
        ("zh;q=none,en", "en"),
        ("zh;q=nan,en", "en"),
        (" ; , zh ; q=0.2", "zh-CN"),
        ("\x00;;;=,q=1", "en"),
    ],
)
def test_the_browser_chooses_the_language(header: str | None, language: str) -> None:
    assert match_language(header) == language


@pytest.mark.parametrize(
    "term",
    ["跳跃连接", "补零", "补的零", "回答", "类激活(?!图)", "忘掉", "便宜"],
    ids=["残差连接", "零填充", "零填充 too", "响应, 答案", "类激活图", "平均掉", "计算量小"],
)
def test_chinese_has_one_term_for_each_thing(term: str) -> None:
    texts = catalogue("zh-CN")
    assert [key for key, text in texts.items() if re.search(term, text)] == []


def test_a_finger_taps_where_a_pointer_clicks() -> None:
    pointer, finger = catalogue("en"), catalogue("en", True)
    assert pointer["board.choose"] != finger["board.choose"]
    for language in LANGUAGES:
        for text in catalogue(language, True).values():
            assert not re.search(r"\[\[|\|\||\]\]|\b[Hh]over|\b[Cc]lick|悬停|指针", text), text
    assert translate("en", "board.choose", True) == finger["board.choose"]


def test_a_number_stays_beside_its_unit() -> None:
    assert bind_units("57 % of 18 px, 3 pxs, {n} MB") == "57\u00a0% of 18\u00a0px, 3 pxs, {n}\u00a0MB"
    for language in LANGUAGES:
        assert not [text for text in catalogue(language).values() if re.search(r"[\d}] (%|px)(?!\w)", text)]
