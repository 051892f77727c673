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
from analysis.features import strongest_channels
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
    "EffectiveField",
    "HeadProjections",
    "attention_entry",
    "attention_rollout",
    "attention_sinks",
    "discard_lowest",
    "effective_fields",
    "effective_tokens",
    "energy_radius",
    "grad_cam",
    "half_distances",
    "head_distances",
    "head_max",
    "head_mean",
    "head_projections",
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
    "rollout_steps",
    "row_entropies",
    "strongest_channels",
    "token_norms",
    "top_answers",
]
