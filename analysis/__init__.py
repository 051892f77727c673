"""Pure maths on a trace or an array; nothing here draws."""

from analysis.answers import Answer, top_answers
from analysis.attention import (
    attention_rollout,
    attention_sinks,
    half_distances,
    head_mean,
    mean_distances,
    outlier_tokens,
    patch_distances,
    patch_rows,
)
from analysis.dots import (
    DOT,
    DotErrors,
    dot_errors,
    dot_mask,
    dot_traces,
    place_deviations,
    plain_ground,
)
from analysis.features import strongest_channels
from analysis.gradcam import grad_cam
from analysis.position import (
    Explained,
    PositionComponents,
    explained_by_place,
    interpolated_positions,
    position_components,
    position_similarity,
)
from analysis.position_worth import Change, PositionChecks, Rerun, position_checks, rerun, shuffled_order
from analysis.receptive_field import (
    EffectiveField,
    effective_fields,
    energy_radius,
    nearest_place,
    padding_share,
)
from analysis.resolution import grid_at, probabilities_at
from analysis.tiles import probabilities_of_views, shuffled_tiles

__all__ = [
    "DOT",
    "Answer",
    "Change",
    "DotErrors",
    "EffectiveField",
    "Explained",
    "PositionChecks",
    "PositionComponents",
    "Rerun",
    "attention_rollout",
    "attention_sinks",
    "dot_errors",
    "dot_mask",
    "dot_traces",
    "effective_fields",
    "energy_radius",
    "explained_by_place",
    "grad_cam",
    "grid_at",
    "half_distances",
    "head_mean",
    "interpolated_positions",
    "mean_distances",
    "nearest_place",
    "outlier_tokens",
    "padding_share",
    "patch_distances",
    "patch_rows",
    "place_deviations",
    "plain_ground",
    "position_checks",
    "position_components",
    "position_similarity",
    "probabilities_at",
    "probabilities_of_views",
    "rerun",
    "shuffled_order",
    "shuffled_tiles",
    "strongest_channels",
    "top_answers",
]
