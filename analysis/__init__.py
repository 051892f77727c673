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
from analysis.features import (
    ChannelNumbers,
    Extent,
    PrincipalScores,
    channel_numbers,
    layer_extent,
    place_similarity,
    pooled_maps,
    principal_scores,
    robust_ranges,
    similarity_to_place,
    strongest_channels,
)
from analysis.filters import PrincipalFilters, kernels_as_rgb, principal_filters
from analysis.first_layer import Window, first_responses, first_window, strongest_windows
from analysis.gradcam import grad_cam
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
    "ChannelNumbers",
    "EffectiveField",
    "Extent",
    "PrincipalFilters",
    "PrincipalScores",
    "Window",
    "attention_rollout",
    "attention_sinks",
    "channel_numbers",
    "effective_fields",
    "energy_radius",
    "first_responses",
    "first_window",
    "grad_cam",
    "half_distances",
    "head_mean",
    "kernels_as_rgb",
    "layer_extent",
    "mean_distances",
    "nearest_place",
    "outlier_tokens",
    "padding_share",
    "patch_distances",
    "patch_rows",
    "place_similarity",
    "pooled_maps",
    "position_similarity",
    "principal_filters",
    "principal_scores",
    "robust_ranges",
    "similarity_to_place",
    "strongest_channels",
    "strongest_windows",
    "top_answers",
]
