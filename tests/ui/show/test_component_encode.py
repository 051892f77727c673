"""The Python side of the browser component: quantisation, blobs, messages, colour tables."""

from __future__ import annotations

import base64
import gzip
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ui.show.component import (
    Board,
    Frame,
    MapData,
    Panel,
    Point,
    ReceptiveBox,
    Ring,
    Steps,
    to_uint8_map,
    to_uint8_rows,
)
from ui.show.component import mount as mounting
from ui.show.component.encode import Blob, encode_blob, row_bytes
from ui.show.component.wire import ALONE, SHARED, board_message
from viz.colormaps import lut

BROWSER = Path(mounting.__file__).parent / "browser"
values = st.floats(-1e4, 1e4, width=32, allow_subnormal=False)


def unpack(blob: Blob) -> bytes:
    data = base64.b64decode(blob.b64)
    return gzip.decompress(data) if blob.gzip else data


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float32, (3, 8), elements=st.floats(0, 1e4, width=32, allow_subnormal=False)))
def test_rows_keep_half_a_step_of_their_own_maximum(array: npt.NDArray[np.float32]) -> None:
    rows = to_uint8_rows(array, (2, 4))
    back = rows.values / 255.0 * rows.maxima[:, None]
    assert (np.abs(back - array) <= rows.maxima[:, None] / 510 * (1 + 1e-4)).all()


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float32, (3, 8), elements=values))
def test_signed_rows_keep_zero_and_sign(array: npt.NDArray[np.float32]) -> None:
    rows = to_uint8_rows(array, (2, 4), signed=True)
    back = (rows.values.astype(float) - 128) / 127 * rows.maxima[:, None]
    assert (np.abs(back - array) <= rows.maxima[:, None] / 254 * (1 + 1e-4)).all()
    assert (rows.values[array == 0] == 128).all()


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.float32, (4, 5), elements=values))
def test_a_map_keeps_half_a_step_of_its_range(array: npt.NDArray[np.float32]) -> None:
    data = to_uint8_map(array)
    back = data.minimum + data.values / 255.0 * (data.maximum - data.minimum)
    assert (np.abs(back - array) <= (data.maximum - data.minimum) / 510 * (1 + 1e-3)).all()
    signed = to_uint8_map(array, signed=True)
    back = (signed.values.astype(float) - 128) / 127 * signed.maximum
    assert (np.abs(back - array) <= signed.maximum / 254 * (1 + 1e-4)).all()


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        to_uint8_map([[0.0, np.nan]])
    with pytest.raises(ValueError, match="axes"):
        to_uint8_rows(np.zeros(4), (2, 2))
    with pytest.raises(ValueError, match=r"\[count, 4\]"):
        to_uint8_rows(np.zeros((4, 3)), (2, 2))
    with pytest.raises(ValueError, match="uint8"):
        MapData(np.zeros((2, 2), dtype=np.float32), 1.0)


def test_blobs_are_the_same_bytes_every_time_and_named_by_content() -> None:
    data = bytes(range(256)) * 40
    first = encode_blob(data)
    encode_blob.cache_clear()
    assert encode_blob(bytes(bytearray(data))) == first
    assert unpack(first) == data
    assert encode_blob(data[:-1]).id != first.id
    picture = encode_blob(b"RIFF....WEBP", "image/webp")
    assert not picture.gzip
    assert unpack(picture) == b"RIFF....WEBP"


def test_rows_travel_after_their_maxima() -> None:
    rows = to_uint8_rows([[0.0, 2.0], [5.0, 0.0]], (1, 2))
    data = row_bytes(rows)
    np.testing.assert_array_equal(np.frombuffer(data[:8], dtype="<f4"), [2.0, 5.0])
    assert list(data[8:]) == [0, 255, 255, 0]


def board(point: Point | None = None, cells: int = 8, frames: int = 1) -> Board:
    rng = np.random.default_rng(0)
    made = tuple(
        Frame(
            label=f"block {i}",
            grid=(cells, cells),
            rows=to_uint8_rows(rng.random((cells**2, cells**2)), (cells, cells)),
            box=ReceptiveBox(16, 1 / 3, 8),
        )
        for i in range(frames)
    )
    panel = Panel("vit", "ViT", picture=b"p" * 9000, frames=made, frame_of_step=tuple(range(frames)))
    return Board("reach", (panel,), point=point, steps=Steps(tuple(str(i) for i in range(frames))))


def test_equal_boards_give_equal_messages() -> None:
    def text() -> str:
        message, stores = board_message(board(Point(0.1, 0.2)), ["pin"])
        return json.dumps([message, [store.message() for store in stores]])

    first = text()
    encode_blob.cache_clear()
    assert text() == first


def test_the_board_itself_stays_small_and_names_every_blob() -> None:
    message, stores = board_message(board(cells=16, frames=3))
    text = json.dumps(message)
    assert len(text) < 10_000
    sent = {blob.id for store in stores for blob in store.blobs} | {blob["id"] for blob in message["blobs"]}
    frames = message["panels"][0]["frames"]
    assert {frame["rows"]["blob"] for frame in frames} | {message["panels"][0]["picture"]} <= sent


def test_small_blobs_share_a_message_or_ride_with_the_board() -> None:
    message, stores = board_message(board(cells=4, frames=2))
    assert len(stores) == 1, "the picture alone"
    assert len(message["blobs"]) == 2
    assert sum(len(blob["b64"]) for blob in message["blobs"]) < SHARED
    message, stores = board_message(board(cells=8, frames=4))
    assert [len(store.blobs) for store in stores] == [1, 4]
    assert all(len(blob.b64) < ALONE for blob in stores[1].blobs)
    assert message["blobs"] == []


def told(panel: dict[str, Any], name: str, frame: int) -> list[object]:
    """A list of a frame as the browser unpacks it."""
    value = panel["frames"][frame].get(name, [])
    if isinstance(value, int):
        places = np.frombuffer(
            base64.b64decode(panel["lists"][value]), "u1" if len(panel["words"]) <= 256 else "<u2"
        )
        return [panel["words"][place] for place in places]
    return list(value)


@pytest.mark.parametrize("words", [40, 300])
def test_what_many_cells_say_travels_once(words: int) -> None:
    cells = 30
    first = tuple(f"{index % words} px" for index in range(cells**2))
    names = tuple(f"tile {index}" for index in range(cells**2))
    frames = tuple(
        Frame("block", (cells, cells), headline="{value}", headline_values=first, readout_values=values)
        for values in (first, first, names)
    )
    message, _ = board_message(Board("reach", (Panel("vit", "ViT", frames=frames),)))
    (panel,) = message["panels"]
    assert [told(panel, "headlineValues", index) for index in range(3)] == [list(first)] * 3
    assert [told(panel, "values", index) for index in range(3)] == [list(first), list(first), list(names)]
    assert len(panel["lists"]) == 1
    repeated = dict(panel, frames=panel["frames"][:2])
    assert len(json.dumps(repeated)) < len(json.dumps(first))


def test_a_frame_leaves_out_what_it_lacks() -> None:
    message, _ = board_message(Board("reach", (Panel("vit", "ViT", frames=(Frame("block", (1, 1)),)),)))
    assert message["panels"][0]["frames"] == [{"label": "block", "grid": [1, 1]}]


def test_a_new_point_sends_no_blob_again() -> None:
    before = board_message(board(Point(0.1, 0.2)))[1]
    assert board_message(board(Point(0.9, 0.2)))[1] == before


def test_what_cannot_be_shown_is_refused_early() -> None:
    rows = to_uint8_rows(np.ones((4, 4)), (2, 2))
    with pytest.raises(ValueError, match="4 rows for 9 cells"):
        Frame("x", (3, 3), rows=rows)
    with pytest.raises(ValueError, match="mark"):
        Frame("x", (2, 2), marks=(4,))
    with pytest.raises(ValueError, match="frame_of_step"):
        Panel("p", "P", frames=(Frame("x", (2, 2)),), frame_of_step=(1,))
    panel = Panel("p", "P", frames=(Frame("x", (2, 2)),))
    with pytest.raises(ValueError, match="answers for 1 steps"):
        Board("b", (panel,), steps=Steps(("a", "b")))
    with pytest.raises(ValueError, match="ids of their own"):
        Board("b", (panel, panel))
    with pytest.raises(ValueError, match="no such words"):
        Board("b", (panel,), strings={"plya": "Play"})
    with pytest.raises(ValueError, match="within the picture"):
        Point(1.2, 0.0)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"u": 0.25, "v": 1}, Point(0.25, 1.0)),
        ({"u": -3, "v": 7.5}, Point(0.0, 1.0)),
        ({"u": float("nan"), "v": 0.5}, None),
        ({"u": "0.5", "v": 0.5}, None),
        ({"u": 0.5}, None),
        ([0.5, 0.5], None),
        (None, None),
    ],
)
def test_points_from_the_browser_are_held_to_the_picture(payload: object, expected: Point | None) -> None:
    assert mounting.read_point(payload) == expected


def test_colour_tables() -> None:
    for name in ("viridis", "cividis"):
        light = lut(name).astype(float) @ [0.2126, 0.7152, 0.0722]
        assert (np.diff(light) > -1.0).all(), f"{name} grows lighter"
        assert light[-1] - light[0] > 150
    diverging = lut("diverging").astype(int)
    assert np.ptp(diverging[128]) == 0, "zero is grey"
    light = diverging @ [0.2126, 0.7152, 0.0722]
    assert np.abs(light[129:256] - light[127:0:-1]).max() < 40, "opposite values are about equally dark"
    with pytest.raises(ValueError, match="jet"):
        lut("jet")  # type: ignore[arg-type]


def test_the_library_is_complete_and_asks_nothing_of_the_network() -> None:
    parts = {path.name for path in BROWSER.glob("*.js")}
    assert parts == {*mounting.PARTS, "about_stub.js", "board_stub.js", "store_stub.js"}
    for path in BROWSER.iterdir():
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"https?://[^\s\"']+", text)) <= {"http://www.w3.org/2000/svg"}
        assert not re.search(r"\beval\(|new Function|@import", text)
    for stub in ("board_stub.js", "store_stub.js"):
        assert (BROWSER / stub).stat().st_size < 1000


def test_colours_stand_in_place_of_a_map_and_travel_as_a_picture() -> None:
    frame = Frame(label="", grid=(2, 2), colours=b"RIFF....WEBP")
    message, _ = board_message(Board(key="b", panels=(Panel(id="p", title="", frames=(frame,)),)))
    sent = message["panels"][0]["frames"][0]["colours"]
    assert sent == encode_blob(b"RIFF....WEBP", "image/webp").id
    assert sent in [blob["id"] for blob in message["blobs"]]
    with pytest.raises(ValueError, match="in place of"):
        Frame(label="", grid=(2, 2), colours=b"RIFF", map=to_uint8_map(np.ones((2, 2))))


def test_rings_travel_with_their_frame_and_gaps_as_no_circle() -> None:
    rings = (Ring((12.0,), "50 %"), Ring((float("nan"),), "95 %", dashed=True))
    frame = Frame("a", (2, 2), rings=(*rings, Ring((1.0, 2.0, 3.0, 4.0))))
    message, _ = board_message(Board("b", (Panel("p", "P", frames=(frame,)),), fixed=True))
    assert message["fixed"] is True
    assert message["panels"][0]["frames"][0]["rings"] == [
        {"radii": [12.0], "label": "50 %", "dashed": False},
        {"radii": [0.0], "label": "95 %", "dashed": True},
        {"radii": [1.0, 2.0, 3.0, 4.0], "label": "", "dashed": False},
    ]
    with pytest.raises(ValueError, match="one radius"):
        Frame("a", (2, 2), rings=(Ring((1.0, 2.0)),))
