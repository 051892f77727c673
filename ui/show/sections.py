"""A row of the page: a fragment of its own, with a heading, a few sentences, and one way to fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from models.errors import BusyError, CancelledError, ModelError, SightlinesError
from ui.live.service import drop_overtaken, runs, waiting_place
from ui.session.address import page_link, publish
from ui.session.defaults import settle
from ui.session.settings import Setting
from ui.session.state import choose_bundled_pair, is_restored, view
from ui.shell.curtain import go_through_the_door
from ui.show.words import sentence_for, t

_log = logging.getLogger("sightlines")
_DRAWN_FOR = "drawn_for"
_SETTINGS = "settings_of_the_page"
_BY_DEPTH = "page_follows_depth"


def row(draw: Callable[[], None]) -> Callable[[], None]:
    """Make a row that redraws alone when its own controls change.

    What other rows show as well (the point, the picture, the class) redraws the page: a fragment that
    finds such a change gives way at once.
    """

    @st.fragment
    def fragment() -> None:
        if not _still(st.session_state.get(_DRAWN_FOR)):
            st.rerun()
        with waiting_place(), guarded():
            draw()
        publish(view(), f"{draw.__module__}-{draw.__name__}".replace(".", "-"))

    return fragment


def page(draw: Callable[[], None], *settings: Setting, depth: bool = False) -> None:
    """Draw a page about the picture: both networks have seen it, and every row knows what it is drawn for.

    Args:
        draw: the page, defined in its own file.
        settings: those that more than one row depends on; changing one redraws the page.
        depth: whether more than one row depends on the depth, too.
    """

    def about_the_picture() -> None:
        st.session_state[_SETTINGS] = settings
        st.session_state[_BY_DEPTH] = depth
        settle(runs())
        st.session_state[_DRAWN_FOR] = _shared()
        draw()

    plain_page(about_the_picture)


def plain_page(draw: Callable[[], None]) -> None:
    """Draw any page, in one way to fail."""
    if not is_restored():
        go_through_the_door()
    drop_overtaken()
    with waiting_place(), guarded():
        draw()


def heading(title: str, text: str, *opens: str, rule: bool = True) -> None:
    """What a row is called and what it is about.

    Args:
        title: its name.
        text: a few sentences.
        opens: the pages that show more of it.
        rule: whether a line sets it off from what stands above; nothing does in the first row of a page.
    """
    if rule:
        st.divider()
    st.header(title, anchor=False)
    st.markdown(text)
    if opens:
        show_doors(*opens)


def show_doors(*pages: str) -> None:
    """The ways from a row to the pages that go further, in one line."""
    with st.container(horizontal=True, gap="small"):
        for name in pages:
            page_link(name, icon=":material/arrow_forward:")


@contextmanager
def guarded() -> Iterator[None]:
    """Show what goes wrong as one sentence; picture and settings stay as they are."""
    try:
        yield
    except CancelledError:
        # This session asked for something newer; that run draws the row.
        st.caption(t("wait.running"))
    except BusyError as error:
        st.warning(sentence_for(error))
    except ModelError as error:
        st.error(sentence_for(error))
        st.button(t("models.back"), key=f"back-{error.code}", on_click=choose_bundled_pair)
        page_link("models", icon=":material/arrow_forward:")
    except SightlinesError as error:
        st.info(sentence_for(error))
    except Exception:
        _log.exception("a row could not be drawn")
        st.error(t("error.unexpected"))


def _still(drawn_for: tuple[Any, ...] | None) -> bool:
    """Whether the page is about what it was drawn for; a default written down since changes nothing."""
    now = _shared()
    if drawn_for is None or drawn_for[:-1] != now[:-1] or len(drawn_for[-1]) != len(now[-1]):
        return False
    same = all(was in (None, value) for was, value in zip(drawn_for[-1], now[-1], strict=True))
    if same:
        st.session_state[_DRAWN_FOR] = now
    return same


def _shared() -> tuple[Any, ...]:
    current = view()
    networks = (current.left.network, current.right.network)
    settings = tuple(current.options.get(each.name) for each in st.session_state.get(_SETTINGS, ()))
    depth = current.depth if st.session_state.get(_BY_DEPTH) else None
    return (current.language, current.picture, networks, current.target, current.point, depth, settings)
