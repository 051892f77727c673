"""What stands for a network, or for what it recorded, in work that may be done elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from models.pictures.decode import DecodedImage, PictureRef
from models.pictures.fit import Preprocess


class NetworkHome(Protocol):
    """Where networks and pictures are found, and recorded together."""

    def network(self, ref: NetworkRef) -> Any:
        """The :class:`models.networks.loading.LoadedModel`, loaded if need be.

        Raises:
            ModelError: it is not here.
        """
        ...

    def load(self, key: str) -> str:
        """Bring a network of the registry into memory; gives its key.

        Raises:
            ModelError: it is not here.
        """
        ...

    def picture(self, sha256: str) -> DecodedImage:
        """The picture.

        Raises:
            PictureError: nobody holds it any more.
        """
        ...

    def recorded(self, ref: RunRef) -> Any:
        """The :class:`models.networks.tracing.Run`, recorded anew if need be."""
        ...


@dataclass(frozen=True)
class NetworkRef:
    """A network with its weights, on a device, with a recipe for its input."""

    key: str
    weights: str
    device: str
    preprocess: Preprocess

    def found(self, home: NetworkHome) -> Any:
        """The :class:`models.networks.loading.LoadedModel`."""
        return home.network(self)


@dataclass(frozen=True)
class RunRef:
    """What a network recorded of a picture."""

    network: NetworkRef
    picture: PictureRef

    def found(self, home: NetworkHome) -> Any:
        """The :class:`models.networks.tracing.Run`."""
        return home.recorded(self)
