"""The few rules that Streamlit's theme cannot express."""

from __future__ import annotations

import re

import streamlit as st

from ui.shell.curtain import FRAME
from ui.show.colours import of_the_page
from ui.show.words import t

_CSS = """<style>
[data-testid="stSidebarHeader"] { height: 2.2rem; margin-bottom: 0; padding-bottom: 0; }
[data-testid="stMainBlockContainer"] h1 { padding: .2rem 0; }
/* Captions step back, but stay readable on every ground (WCAG 1.4.3); a link in one keeps its full colour. */
[data-testid="stCaptionContainer"] { color: color-mix(in srgb, currentColor 74%, transparent); opacity: 1; }
/* The grey of a chart is one for both themes and too pale for either: its words take the page's own ink. */
[data-testid="stPlotlyChart"] text[style*="rgb(116, 125, 137)"] {
  fill: currentColor !important; opacity: .78;
}
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] h1 { font-size: 1.35rem; }
}
.stElementContainer:has(.sl-wait) { position: fixed; top: 3.6rem; left: 50%; z-index: 3; }
.stElementContainer:has(.sl-wait) { width: auto; transform: translateX(-50%); pointer-events: none; }
.sl-wait { padding: .25rem .8rem; border-radius: 1rem; background: rgb(24 27 33 / .85); color: #fff; }
.sl-wait { font-size: .8125rem; white-space: nowrap; }
.stElementContainer:has(.sl-wanted) { position: fixed; z-index: 999991; top: .45rem; right: 4.2rem; }
.stElementContainer:has(.sl-wanted) { width: min(33rem, 100vw - 44rem); min-width: 17rem; }
.sl-wanted { padding: .3rem .8rem; border-radius: .5rem; font-size: .8125rem; line-height: 1.25; }
.sl-wanted { color: #fff; background: #33415c; }
/* On a phone, columns of one short control each stand two in a line, so that pictures are not pushed away. */
@media (max-width: 640px) {
  [data-testid="stMain"] [data-testid="stColumn"]:has(
    [data-testid="stSelectbox"], [data-testid="stNumberInput"], [data-testid="stPopover"]
  ):not(:has([class*="st-key-sightlines-"], [data-testid="stMarkdown"], [data-testid="stHtml"],
    [data-testid="stButtonGroup"])) { flex: 1 1 calc(50% - .5rem); min-width: calc(50% - .5rem); }
}
@media (max-width: 640px) {
  .stElementContainer:has(.sl-wanted) { right: .8rem; left: 3.6rem; width: auto; min-width: 0; }
  .sl-wanted { font-size: .75rem; padding: .2rem .6rem; line-height: 1.2; }
}
[data-testid="stMarkdownContainer"] hr { margin: .5rem 0; }
.sl-name { font-weight: 600; margin-bottom: .35rem; }
/* The page's ground, which Streamlit tells no style sheet; both are the theme's. */
:root { --sl-ground: light-dark(#fff, #14171b); }
.sl-bars { font-variant-numeric: tabular-nums; }
.sl-bar { display: grid; grid-template-columns: 8.5rem 1fr 4rem; gap: .6rem; align-items: center; }
.sl-bar { margin: .28rem 0; }
.sl-bar-name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.sl-bar-track, .sl-bar-fill { display: block; height: .7rem; border-radius: .35rem; min-width: 2px; }
.sl-bar-track { background: rgba(128, 136, 148, .18); overflow: hidden; }
.sl-bar-value { text-align: right; }
/* A picture unlike all classes: its percentages step back, and a sentence beside them says why. */
.sl-quiet .sl-bar-track { opacity: .45; } .sl-quiet .sl-bar-value { opacity: .7; }
.sl-unlike { margin: .1rem 0 .6rem; padding: .1rem 0 .1rem .7rem; border-left: 3px double currentColor; }
.sl-shares { font-variant-numeric: tabular-nums; }
.sl-share { display: grid; grid-template-columns: minmax(8rem, 3fr) 3.2rem 2fr 3.8rem; gap: .6rem; }
.sl-share { align-items: center; padding: .14rem .4rem; }
.sl-share > :nth-child(2), .sl-share > :nth-child(4) { text-align: right; }
.sl-share-head { opacity: .7; font-size: .85rem; }
.sl-share-chosen { font-weight: 600; border-radius: .375rem; box-shadow: 0 0 0 1.5px var(--sl-point); }
.sl-strip { display: flex; height: 1.35rem; margin-bottom: .5rem; border-radius: .25rem; overflow: hidden; }
.sl-strip { background: rgba(128, 136, 148, .12); } .sl-strip i { flex: 1; }
/* Two colours of the diverging scale that show on both grounds. */
.sl-strip .p { background: rgb(198 64 68 / var(--s)); }
.sl-strip .n { background: rgb(52 126 185 / var(--s)); }
.sl-strip i:hover { outline: 2px solid var(--sl-point); outline-offset: -2px; }
.sl-strip-head { display: flex; justify-content: space-between; gap: .8rem; font-size: .875rem; }
.sl-strip-head > :last-child { white-space: nowrap; opacity: .75; font-variant-numeric: tabular-nums; }
[data-testid="stMarkdownContainer"] table :is(th, td) { border-width: 0 0 1px; padding: .35rem .8rem; }
[data-testid="stMarkdownContainer"] table { font-size: .9rem; font-variant-numeric: tabular-nums; }
[data-testid="stMarkdownContainer"] thead th { font-weight: 400; opacity: .75; }
/* On a narrow page a table is moved sideways, rather than broken into letters; where there is more of it, its
   edge lies in shadow. The first two grounds travel with the table and cover the shadows at its ends. */
.sl-table, [data-testid="stMarkdownContainer"]:has(> table) { overflow-x: auto; margin: .2rem 0 .6rem; }
.sl-table, [data-testid="stMarkdownContainer"]:has(> table) { background:
  linear-gradient(to right, var(--sl-ground) 30%, transparent) 0 0 / 2.5rem 100% no-repeat local,
  linear-gradient(to left, var(--sl-ground) 30%, transparent) 100% 0 / 2.5rem 100% no-repeat local,
  linear-gradient(to right, rgb(0 0 0 / .24), transparent) 0 0 / .8rem 100% no-repeat scroll,
  linear-gradient(to left, rgb(0 0 0 / .24), transparent) 100% 0 / .8rem 100% no-repeat scroll; }
.sl-table:focus-visible { outline: 2px solid var(--sl-point); outline-offset: 2px; }
/* Stacked on a narrow page, a column says whose it is; beside each other, the boards above them say it. */
:has(> [data-testid="stHtml"] > .sl-stacked), .sl-stacked { display: none; }
@media (max-width: 640px) {
  :has(> [data-testid="stHtml"] > .sl-stacked), .sl-stacked { display: block; }
}
.sl-table table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
.sl-table th, .sl-table td { padding: .35rem .8rem; text-align: left; white-space: nowrap; }
.sl-table th, .sl-table td { border-bottom: 1px solid rgba(128, 136, 148, .28); }
.sl-table thead th { font-weight: 400; opacity: .75; }
.sl-table tbody th { font-weight: 400; }
.sl-table .sl-chosen > * { font-weight: 600; background: rgba(128, 136, 148, .12); }
.sl-alt { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.sl-qr { display: block; width: 100%; max-width: 420px; margin: 0 auto; border-radius: .375rem; }
/* While the script runs, Streamlit shows what it replaced beside the replacement. */
[class*="st-key-start-"][data-stale="true"] { display: none; }
[data-testid="stFileUploaderDropzone"] button p { font-size: 0; }
[data-testid="stFileUploaderDropzone"] button p::after { font-size: .875rem; content: var(--sl-upload); }
[data-testid="stCameraInputButton"] { font-size: 0; flex-direction: row; gap: .5rem; }
[data-testid="stCameraInputButton"]::after { font-size: .875rem; content: var(--sl-take); }
[data-testid="stCameraInput"]:has(img) button::after { content: var(--sl-clear) !important; }
[data-testid="stFileUploaderDropzoneInstructions"] { display: none; }
</style>"""


# It travels with every run: what only its readers need stays here.
_COLOURS = of_the_page().replace("\n", "")
_SENT = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", _CSS, flags=re.S))


def apply_style() -> None:
    """Put the rules on the page; once per run."""
    # Streamlit's uploader speaks English only; its limits stand in our own help text.
    st.html(
        f"<style>{FRAME}{_COLOURS}</style>"
        + _SENT
        + f'<style>:root {{ --sl-upload: "{t("sidebar.upload.button")}"; }}</style>'
    )
