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
    "EffectiveField",
    "attention_rollout",
    "attention_sinks",
    "effective_fields",
    "energy_radius",
    "grad_cam",
    "half_distances",
    "head_mean",
    "legrad",
    "mean_distances",
    "nearest_place",
    "outlier_tokens",
    "padding_share",
    "patch_distances",
    "patch_rows",
    "position_similarity",
    "relevance",
    "relevance_matrix",
    "strongest_channels",
    "top_answers",
]
