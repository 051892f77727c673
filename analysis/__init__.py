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
from analysis.decision import Decision, Written, decide, depth_evidence, place_evidence, runner_up
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
from analysis.residual import Addition, residual_additions

__all__ = [
    "Addition",
    "Answer",
    "Decision",
    "EffectiveField",
    "Written",
    "attention_rollout",
    "attention_sinks",
    "decide",
    "depth_evidence",
    "effective_fields",
    "energy_radius",
    "grad_cam",
    "half_distances",
    "head_mean",
    "mean_distances",
    "nearest_place",
    "outlier_tokens",
    "padding_share",
    "patch_distances",
    "patch_rows",
    "place_evidence",
    "position_similarity",
    "residual_additions",
    "runner_up",
    "strongest_channels",
    "top_answers",
]
