"""A copy of the app whose ResNet-18 is a file of the test's own making; the Models page as tests see it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.browser import ROOT, OpenPage, wait_idle
from tests.e2e.comparison import t, widget
from tests.models.weights.test_published_path import published

_START = '''"""The app, with one network that is published nowhere but in a test."""

from __future__ import annotations

from dataclasses import replace

from models.networks.registry import REGISTRY

_spec = REGISTRY["resnet18"]
if _spec.file.name != {name!r}:
    _file = replace(_spec.file, name={name!r}, nbytes={nbytes}, sha256={sha256!r}, url={url!r})
    REGISTRY["resnet18"] = replace(_spec, file=_file)

'''


@dataclass(frozen=True)
class Copy:
    """A copy of the app.

    Attributes:
        script: to be run by a server.
        file: name of ResNet-18's weights file.
        content: what is in it, 1000 classes, random weights.
    """

    script: Path
    file: str
    content: bytes

    def settings(self, home: Path, host: str, *, allowed: bool) -> dict[str, str]:
        """Environment of a server.

        Args:
            home: of its torch, which keeps downloaded files beneath it.
            host: the address that it fetches files from.
            allowed: whether its visitors may download and delete.
        """
        return {
            "TORCH_HOME": str(home),
            "SIGHTLINES_WEIGHTS_URL": host,
            "SIGHTLINES_WEIGHTS_DIR": "",
            "SIGHTLINES_ALLOW_DOWNLOADS": "1" if allowed else "0",
            "no_proxy": "127.0.0.1",
        }


def copy_of_the_app(folder: Path) -> Copy:
    """Write the copy into a folder; what is not a page is imported from the app itself."""
    spec, content, _ = published("resnet18")
    assert spec.file is not None
    file = spec.file
    beginning = _START.format(name=file.name, nbytes=len(content), sha256=file.sha256, url=file.url)
    door = (ROOT / "app.py").read_text(encoding="utf-8").replace("from __future__ import annotations\n", "")
    script = folder / "app.py"
    script.write_text(beginning + door, encoding="utf-8")
    # Copied, not linked: Streamlit resolves links and would find pages of another app.
    shutil.copytree(ROOT / "pages", folder / "pages", ignore=shutil.ignore_patterns("__pycache__"))
    return Copy(script, file.name, content)


def open_models(open_page: Callable[..., OpenPage], url: str, query: str = "", **options: Any) -> Page:
    """Open the Models page by its own address and wait until it is drawn."""
    opened = open_page(f"{url}/models{query}", **options)
    return opened.page


def card(page: Page, key: str = "resnet18") -> Locator:
    """The card of a network."""
    return widget(page, f"model-{key}")


def button(page: Page, action: str, key: str = "resnet18") -> Locator:
    """A button of a card by what it does: ``download``, ``cancel``, ``delete``, ``use-left``."""
    return widget(page, f"{action}-{key}").get_by_role("button")


def press(page: Page, action: str, key: str = "resnet18") -> None:
    """Press a button of a card by what it does; what comes of it is for the test to wait for."""
    button(page, action, key).click()


def go_to(page: Page, name: str) -> None:
    """Follow a link of the navigation, ``models`` or ``side_by_side``, in English."""
    link = page.get_by_test_id("stHeader").get_by_role("link", name=t(f"nav.{name}"), exact=True)
    link.click()
    expect(page.get_by_role("heading", name=t(f"{name}.title"), exact=True)).to_be_visible()
    wait_idle(page)
