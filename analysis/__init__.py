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
from analysis.filters import PrincipalFilters, kernels_as_rgb, principal_filters
from analysis.gradcam import grad_cam
from analysis.patches import (
    FitCost,
    Tiling,
    attention_bytes,
    attention_pairs,
    fit_cost,
    project_window,
    window_at,
)
from analysis.position import position_similarity
from analysis.receptive_field import (
    EffectiveField,
    effective_fields,
    energy_radius,
    nearest_place,
    padding_share,
)

__all__ = [
    "Answer",
    "EffectiveField",
    "FitCost",
    "PrincipalFilters",
    "Tiling",
    "attention_bytes",
    "attention_pairs",
    "attention_rollout",
    "attention_sinks",
    "effective_fields",
    "energy_radius",
    "fit_cost",
    "grad_cam",
    "half_distances",
    "head_mean",
    "kernels_as_rgb",
    "mean_distances",
    "nearest_place",
    "outlier_tokens",
    "padding_share",
    "patch_distances",
    "patch_rows",
    "position_similarity",
    "principal_filters",
    "project_window",
    "strongest_channels",
    "top_answers",
    "window_at",
]
