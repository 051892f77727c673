"""What a visitor sees before choosing anything is worth seeing."""

from __future__ import annotations

import numpy as np

from analysis import effective_fields, half_distances, head_mean, patch_rows
from models import decode_image, load_model, trace
from models.samples import sample_bytes
from ui.state import View

OTHER_EYE = (0.80, 0.47)
"""Of the cat in the default picture, as fractions of the network's view."""


def test_attention_jumps_to_the_other_eye_and_the_field_stays() -> None:
    view = View()
    picture = decode_image(sample_bytes(view.picture))
    vit, resnet = load_model(view.right.network), load_model(view.left.network)
    record = trace(vit, picture)
    layers = vit.adapter.attention_layers()
    layer = layers[round(view.depth * (len(layers) - 1))]
    rows = patch_rows(head_mean(record.attentions[layer.name]), layer.prefix_tokens)
    point = record.crop_box.to_view(*view.point, 224)
    column, row = (int(value // layer.stride) for value in point)
    attention = rows[row * layer.grid[1] + column].reshape(layer.grid)
    eye_column, eye_row = (int(value * layer.grid[0]) for value in OTHER_EYE)
    other_eye = attention[eye_row - 1 : eye_row + 2, eye_column - 1 : eye_column + 2]
    assert other_eye.max() > 5 * np.median(attention)
    assert other_eye.max() > 3 * attention.mean()

    seen = trace(resnet, picture)
    depth = resnet.adapter.feature_layers()
    (field,) = effective_fields(
        resnet, seen, seen.crop_box.to_view(*view.point, 224), [depth[round(view.depth * (len(depth) - 1))]]
    )
    assert field.radius() < half_distances(rows, layer.grid, layer.stride)[row * layer.grid[1] + column]
