"""Pure maths on a trace or an array; nothing here draws."""

from analysis.answers import Answer, top_answers
from analysis.attention import (
    attention_rollout,
    attention_sinks,
    discard_lowest,
    half_distances,
    head_max,
    head_mean,
    mean_distances,
    outlier_tokens,
    patch_distances,
    patch_rows,
    rollout_steps,
)
from analysis.entry import AttentionEntry, HeadProjections, attention_entry, head_projections
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
from analysis.heads import effective_tokens, head_distances, row_entropies, token_norms
from analysis.position import position_similarity
from analysis.receptive_field import (
    EffectiveField,
    effective_fields,
    energy_radius,
    nearest_place,
    padding_share,
)
from analysis.relevance import legrad, relevance, relevance_matrix

__all__ = [
    "Answer",
    "AttentionEntry",
    "ChannelNumbers",
    "EffectiveField",
    "Extent",
    "HeadProjections",
    "PrincipalFilters",
    "PrincipalScores",
    "Window",
    "attention_entry",
    "attention_rollout",
    "attention_sinks",
    "channel_numbers",
    "discard_lowest",
    "effective_fields",
    "effective_tokens",
    "energy_radius",
    "first_responses",
    "first_window",
    "grad_cam",
    "half_distances",
    "head_distances",
    "head_max",
    "head_mean",
    "head_projections",
    "kernels_as_rgb",
    "layer_extent",
    "legrad",
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
    "relevance",
    "relevance_matrix",
    "robust_ranges",
    "rollout_steps",
    "row_entropies",
    "similarity_to_place",
    "strongest_channels",
    "strongest_windows",
    "token_norms",
    "top_answers",
]
