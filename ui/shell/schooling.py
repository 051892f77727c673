"""Who learned from whom, and the same network taught otherwise: read from the cards, never from names."""

from __future__ import annotations

from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec


def student_and_teacher(left: ModelSpec, right: ModelSpec) -> tuple[ModelSpec, ModelSpec] | None:
    """The two in this order where one learned from the other's answers; None where neither did."""
    for student, teacher in ((left, right), (right, left)):
        if student.trained and teacher.trained and student.card.teacher == teacher.key:
            return student, teacher
    return None


def began_as(left: ModelSpec, right: ModelSpec) -> tuple[ModelSpec, ModelSpec] | None:
    """The two in this order where the training of one went on from the other; None where neither's did."""
    for later, earlier in ((left, right), (right, left)):
        if later.trained and earlier.trained and later.card.start == earlier.key:
            return later, earlier
    return None


def taught_otherwise(spec: ModelSpec) -> ModelSpec | None:
    """The network of the same architecture and classes that was taught another way; None if there is none."""
    others = (
        each
        for each in REGISTRY.values()
        if each.schooling not in ("", spec.schooling)
        and (each.builder, each.classes) == (spec.builder, spec.classes)
    )
    return next(others, None) if spec.schooling else None
