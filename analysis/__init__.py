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
    "PrincipalScores",
    "attention_rollout",
    "attention_sinks",
    "channel_numbers",
    "effective_fields",
    "energy_radius",
    "grad_cam",
    "half_distances",
    "head_mean",
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
    "principal_scores",
    "robust_ranges",
    "similarity_to_place",
    "strongest_channels",
    "top_answers",
]
