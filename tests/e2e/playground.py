"""A page of synthetic boards: everything the component can show, without a network.

Run it by hand to look at it:

    streamlit run tests/e2e/playground.py

The address chooses what is shown: ?columns=1, ?late=1 (the server answers slowly), ?hues=1 (one more board).
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import streamlit as st
from PIL import Image, ImageDraw

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.e2e.synthetic import BLOCKS, attention_rows, field_map, hue_cells, shift_rows
from ui.show.component import (
    Board,
    Frame,
    Outline,
    Panel,
    Point,
    ReceptiveBox,
    Steps,
    runtime,
    show,
    to_uint8_map,
    to_uint8_rows,
)

CROP = (0.125, 0.0, 0.875, 1.0)
"""The square in the middle of a 4:3 picture."""


@st.cache_data
def pictures(mirrored: bool) -> tuple[bytes, bytes]:
    """A synthetic 4:3 scene as WebP, whole and cropped to the square in its middle."""
    rng = np.random.default_rng(5)
    y = np.mgrid[0:480, 0:640][0] / 480.0
    sky = np.stack([150 + 60 * y, 185 + 30 * y, 226 - 30 * y], axis=-1)
    noise = rng.normal(0.0, 5.0, (480, 640, 1))
    scene = Image.fromarray(np.clip(sky + noise, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(scene)
    draw.polygon(
        [(0, 360), (180, 190), (330, 330), (470, 220), (640, 350), (640, 480), (0, 480)], fill=(96, 122, 84)
    )
    draw.ellipse((420, 60, 520, 160), fill=(250, 214, 110))
    draw.rectangle((150, 300, 320, 430), fill=(178, 74, 58))
    draw.polygon([(135, 300), (235, 225), (335, 300)], fill=(84, 52, 48))
    draw.rectangle((215, 350, 255, 430), fill=(244, 232, 206))
    if mirrored:
        scene = scene.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    whole, square = io.BytesIO(), io.BytesIO()
    scene.save(whole, "WEBP", quality=80)
    scene.crop((80, 0, 560, 480)).resize((224, 224)).resize((448, 448)).save(square, "WEBP", quality=80)
    return whole.getvalue(), square.getvalue()


def resnet(point: Point, picture: bytes) -> Panel:
    """Effective fields that grow with depth; the theoretical box is in the end larger than the picture."""
    boxes = ((4, 43, 1.5), (8, 99, 3.5), (16, 211, 7.5), (32, 435, 15.5))
    frames = []
    for stage, (jump, size, start) in enumerate(boxes):
        side = 224 // jump
        frames.append(
            Frame(
                label=f"layer{stage + 1}",
                grid=(side, side),
                map=to_uint8_map(field_map(point, CROP, stage), unit="%"),
                box=ReceptiveBox(jump, size, start),
                caption=f"Effective receptive field: half the influence from within {12 + 14 * stage} px.",
                readout="theoretical field {value} px",
                readout_values=(float(size),),
                map_of_point=True,
            )
        )
    return Panel(
        id="resnet",
        title="ResNet-18",
        answer="barn 93 %",
        role="convolution",
        alt="A red house before hills",
        picture=picture,
        crop=CROP,
        frames=tuple(frames),
        frame_of_step=tuple(round(step * 3 / (BLOCKS - 1)) for step in range(BLOCKS)),
        outlines=(Outline(33, 140, 112, 200, "house", "hybrid"),),
    )


def vit(picture: bytes) -> Panel:
    """Attention rows of every patch, with outlier tokens in the late blocks."""
    frames = tuple(
        Frame(
            label=f"block {block + 1}",
            grid=(16, 16),
            rows=to_uint8_rows(100.0 * attention_rows(block), (16, 16), unit="%"),
            caption="Attention from the patch at the point to all patches, mean of the heads."
            + (" Diamonds mark outlier tokens." if block > 3 else ""),
            readout="mean distance {value} px",
            readout_values=tuple(float(20 + 9 * block + cell % 7) for cell in range(256)),
            marks=(18, 37, 201) if block > 3 else (),
            lines=block == 0,
        )
        for block in range(BLOCKS)
    )
    return Panel(
        id="vit",
        title="ViT-S/14",
        answer="barn 80 %",
        role="attention",
        alt="A red house before hills",
        picture=picture,
        crop=CROP,
        frames=frames,
        frame_of_step=tuple(range(BLOCKS)),
    )


def hues(whole: bytes) -> Panel:
    """A panel whose maps carry colours of their own, one picture for each step."""
    frames = []
    for step in range(2):
        packed = io.BytesIO()
        Image.fromarray(hue_cells(step)).save(packed, "WEBP", lossless=True)
        frames.append(Frame(label=f"hues {step + 1}", grid=(3, 4), colours=packed.getvalue()))
    return Panel(
        id="hues",
        title="Hues",
        alt="Three measures as colours",
        picture=whole,
        size=(640, 480),
        frames=tuple(frames),
        frame_of_step=(0, 1),
    )


def awaited(whole: bytes, fills: int) -> Panel:
    """A panel whose second step is there once it has been asked for twice."""
    there = to_uint8_map(np.eye(4, dtype=np.float32))
    frames = (
        Frame(label="shown", grid=(4, 4), map=there),
        Frame(label="awaited", grid=(4, 4), map=there if fills >= 2 else None, pending=fills < 2),
    )
    return Panel(
        id="awaited",
        title="Awaited",
        alt="The whole scene",
        picture=whole,
        size=(640, 480),
        frames=frames,
        frame_of_step=(0, 1),
    )


def extras(whole: bytes, chosen: int | None) -> tuple[Panel, ...]:
    """A panel that chooses cells, one without a picture, and one that sees the whole picture."""
    yy, xx = np.mgrid[0:14, 0:14]
    signed = np.sin(xx / 2.0) * np.cos(yy / 3.0)
    shifts: npt.NDArray[np.float32] = shift_rows(14)
    return (
        Panel(
            id="whole",
            title="Whole picture",
            role="neutral",
            alt="The whole scene",
            picture=whole,
            size=(640, 480),
            frames=(
                Frame(label="evidence", grid=(14, 14), map=to_uint8_map(signed, signed=True, limit=1.5)),
            ),
            select=True,
            selected=chosen,
        ),
        Panel(
            id="positions",
            title="Position embedding",
            answer="no picture needed",
            role="attention",
            alt="Cosine similarity of position embeddings",
            frames=(
                Frame(
                    label="similarity",
                    grid=(14, 14),
                    rows=to_uint8_rows(shifts, (14, 14), signed=True),
                    caption="Cosine similarity of one position to all others.",
                ),
            ),
            note="Positions know their neighbours: the network learned this, nobody told it.",
        ),
    )


def main() -> None:
    """Draw the page from the session's state."""
    st.set_page_config(page_title="Playground", layout="wide")
    state = st.session_state
    state.setdefault("point", Point(0.4, 0.62))
    state.setdefault("events", [])
    late = "late" in st.query_params

    def pin(point: Point) -> None:
        if late:
            time.sleep(1.5)
        state["point"] = point
        state["events"].append(f"pin {point.u:.4f} {point.v:.4f}")

    def step(value: int) -> None:
        state["step"] = value
        state["events"].append(f"step {value}")

    def select(panel: str, cell: int) -> None:
        state["chosen"] = cell
        state["events"].append(f"select {panel} {cell}")

    whole, square = pictures(state.get("mirrored", False))
    runtime()
    st.title("What can each network see from here?")
    show(
        Board(
            key="reach",
            panels=(resnet(state["point"], square), vit(square)),
            point=state["point"],
            steps=Steps(tuple(f"{i + 1} of {BLOCKS}" for i in range(BLOCKS)), state.get("step", 4), "Depth"),
            columns=int(st.query_params.get("columns", 2)),
        ),
        on_pin=pin,
        on_step=step,
        on_select=select,
    )
    with st.container(horizontal=True):
        if st.button("Rerun"):
            state["events"].append("rerun")
        if st.button("Back to the middle"):
            state["point"] = Point(0.5, 0.5)
            st.rerun()
        st.checkbox("Mirror the picture", key="mirrored")
        second = st.checkbox("Second board", value=True)
    if second:
        show(
            Board(key="extras", panels=extras(whole, state.get("chosen")), point=state["point"], controls=()),
            on_pin=pin,
            on_select=select,
        )
    if "hues" in st.query_params:
        show(Board(key="hues", link="hues", panels=(hues(whole),), steps=Steps(("one", "two"), title="Hue")))
    if "pending" in st.query_params:

        def fill() -> None:
            state["events"].append("fill")

        panel = awaited(whole, state["events"].count("fill"))
        show(
            Board(key="awaited", link="awaited", panels=(panel,), steps=Steps(("one", "two"), 1, "Step")),
            on_fill=fill,
        )
    st.text("\n".join(["events:", *state["events"]]))


main()
