"""What a tab shows and remembers, on an empty page: a server is played by the test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.e2e.browser import ROOT
from ui.session.pages import ADDRESSES
from ui.show.browser import module

pytestmark = pytest.mark.e2e

SCRIPTS = ROOT / "ui" / "session" / "tab" / "browser"
HTML = """
<a id="nav" data-testid="stTopNavLink" href="/models">Models</a>
<a id="own" data-testid="stTopNavLink" href="/models?picture=dog">Models</a>
"""


class Tab:
    """One tab with the script alone in it."""

    def __init__(self, page: Page) -> None:
        self._page = page
        page.route("http://tab.test/**", self._serve)
        page.goto("http://tab.test/?depth=0.9")
        page.evaluate(
            """async () => {
                window.sent = [];
                window.say = (await import("/address.js")).default;
                window.tell = (await import("/tab.js")).default;
            }"""
        )

    @staticmethod
    def _serve(route: Route) -> None:
        if route.request.url.endswith(".js"):
            text = module(SCRIPTS, route.request.url.rpartition("/")[2], shared=("line.js",))
            route.fulfill(body=text, content_type="text/javascript")
        else:
            route.fulfill(body=HTML, content_type="text/html")

    @staticmethod
    def _address(session: str, turn: int, query: str) -> dict[str, Any]:
        return {"session": session, "turn": turn, "page": "", "pages": list(ADDRESSES), "query": query}

    def publish(self, session: str, turn: int, query: str) -> None:
        """What a part of the page does that writes the address."""
        self._page.evaluate("data => say({ data })", self._address(session, turn, query))

    def listen(self, session: str, turn: int, query: str, *, heard: bool) -> None:
        """What the part of every page does that hears the tab."""
        self._page.evaluate(
            "data => tell({ data, setTriggerValue: (...event) => sent.push(event) })",
            {
                "address": self._address(session, turn, query),
                "look": {"strength": 80, "smooth": False, "turn": 0},
                "keep": None,
                "ask": False,
                "heard": heard,
                "touched": False,
            },
        )

    @property
    def query(self) -> str:
        return urlsplit(self._page.url).query

    @property
    def found(self) -> list[Any]:
        sent: list[Any] = self._page.evaluate(
            """async () => {
                await __sightlinesLine.end;
                return sent.filter(([name]) => name === 'found').map(([, found]) => found.query);
            }"""
        )
        return sent

    def link(self, name: str = "nav") -> str:
        """Where a link leads once a finger is on it."""
        self._page.locator(f"#{name}").dispatch_event("pointerdown")
        search: str = self._page.locator(f"#{name}").evaluate("node => node.search")
        return search.removeprefix("?")


@pytest.fixture
def tab(chromium: Browser) -> Iterator[Tab]:
    context = chromium.new_context()
    yield Tab(context.new_page())
    context.close()


def test_the_names_of_the_pages_lead_to_the_view_of_now(tab: Tab) -> None:
    tab.listen("a", 1, "depth=0.1&attention-key=3", heard=False)
    assert tab.link() == "depth=0.1"
    tab.publish("a", 2, "depth=0.2")
    assert tab.link() == "depth=0.2"
    assert tab.link("own") == "picture=dog", "a link that says itself where it leads"


@pytest.mark.parametrize("first", ["heard", "published"])
def test_a_server_that_was_started_anew_changes_nothing_before_it_has_heard(tab: Tab, first: str) -> None:
    tab.listen("a", 1, "depth=0.1", heard=False)
    tab.listen("b", 0, "", heard=False)
    tab.publish("b", 1, "depth=0.9")
    tab.publish("b", 2, "depth=0.8")
    assert (tab.query, tab.link()) == ("depth=0.1", "depth=0.1")
    # A second start before the first was heard.
    tab.listen("c", 0, "", heard=False)
    tab.publish("c", 1, "depth=0.9")
    assert (tab.query, tab.link()) == ("depth=0.1", "depth=0.1")
    assert tab.found == ["depth=0.1", "depth=0.1"]
    if first == "heard":
        tab.listen("c", 1, "depth=0.9", heard=True)
        assert (tab.query, tab.link()) == ("depth=0.1", "depth=0.1")
        tab.publish("c", 2, "depth=0.1&lang=en")
    else:
        tab.publish("c", 2, "depth=0.1&lang=en")
        tab.listen("c", 1, "depth=0.9", heard=True)
    assert (tab.query, tab.link()) == ("depth=0.1&lang=en",) * 2
    tab.publish("c", 3, "depth=0.3")
    assert (tab.query, tab.link()) == ("depth=0.3", "depth=0.3")


def test_what_a_part_of_the_page_said_first_is_written_as_soon_as_the_tab_listens(tab: Tab) -> None:
    tab.publish("a", 1, "depth=0.1")
    tab.publish("a", 2, "depth=0.2")
    assert tab.query == "depth=0.9", "nobody listens yet"
    tab.listen("a", 1, "depth=0.1", heard=False)
    assert tab.query == "depth=0.2"


def test_what_components_send_at_one_moment_leaves_one_after_the_other(chromium: Browser) -> None:
    """Streamlit makes one batch of what is sent in one turn of the browser's loop, for one fragment alone."""
    context = chromium.new_context()
    page = context.new_page()
    page.route("http://tab.test/**", lambda route: route.fulfill(body=HTML, content_type="text/html"))
    page.goto("http://tab.test/")
    turns: list[list[Any]] = page.evaluate(
        """async (script) => {
            const inLine = new Function(script + "return inLine")();
            const heard = [];
            let turn = 0;
            const count = () => { turn += 1; counting = setTimeout(count, 0); };
            let counting = setTimeout(count, 0);
            const [board, tab] = [0, 1].map(() => inLine((...event) => heard.push([...event, turn])));
            board("fill", 1);
            tab("found", 2);
            board("pin", 3);
            while (heard.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
            clearTimeout(counting);
            return heard;
        }""",
        module(SCRIPTS, shared=("line.js",)),
    )
    context.close()
    assert [event[:2] for event in turns] == [["fill", 1], ["found", 2], ["pin", 3]]
    assert len({event[2] for event in turns}) == 3
