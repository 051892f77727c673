"""What a mark *None of these?* is worth: how many pictures of its own classes a network lets pass."""

from __future__ import annotations

from dataclasses import dataclass

from models.networks.measurements import measurements_of
from models.networks.spec import ModelSpec


@dataclass(frozen=True)
class Marking:
    """How a network marks pictures that are unlike all its classes, as measured on new ones.

    Attributes:
        threshold: of familiarity, below which a picture is marked.
        accepted: percent of new pictures of its own classes that are not marked.
    """

    threshold: float
    accepted: float

    @property
    def mistaken(self) -> int:
        """About one in so many new pictures of its own classes is marked all the same."""
        return round(100 / (100 - self.accepted))

    @property
    def words(self) -> dict[str, str]:
        """What the texts about a mark say of it."""
        return {
            "threshold": f"{self.threshold:.1f}",
            "accepted": f"{self.accepted:.1f} %",
            "mistaken": str(self.mistaken),
        }


def marking_of(spec: ModelSpec) -> Marking | None:
    """How this network marks; None where nobody measured what its marks would mean."""
    found = measurements_of(spec.key, spec.sha256 or "") if spec.source == "bundled" else None
    if spec.calibration is None or found is None or found.unfamiliar.known_accepted >= 100:
        return None
    return Marking(spec.calibration.familiar, found.unfamiliar.known_accepted)
