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
from analysis.features import strongest_channels
from analysis.gradcam import grad_cam
from analysis.position import position_similarity
from analysis.reach import (
    SHARES,
    AverageReach,
    PictureReach,
    Reach,
    attention_inside,
    average_reach,
    reach_at,
    reach_in_the_middle,
    theoretical_radius,
)
from analysis.receptive_field import (
    EffectiveField,
    effective_fields,
    energy_radii,
    energy_radius,
    input_gradients,
    nearest_place,
    padding_share,
    pooled_energy,
)

__all__ = [
    "SHARES",
    "Answer",
    "AverageReach",
    "EffectiveField",
    "PictureReach",
    "Reach",
    "attention_inside",
    "attention_rollout",
    "attention_sinks",
    "average_reach",
    "effective_fields",
    "energy_radii",
    "energy_radius",
    "grad_cam",
    "half_distances",
    "head_mean",
    "input_gradients",
    "mean_distances",
    "nearest_place",
    "outlier_tokens",
    "padding_share",
    "patch_distances",
    "patch_rows",
    "pooled_energy",
    "position_similarity",
    "reach_at",
    "reach_in_the_middle",
    "strongest_channels",
    "theoretical_radius",
    "top_answers",
]
