"""What changes from step to step, and how it is stored so that a run goes on exactly where it was."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn

from training.files import write_whole

_FILE = "state.pt"


@dataclass
class State:
    """A run after some steps.

    Nothing else is needed to go on: batches and dropped patches are functions of the step, rates too.

    Attributes:
        run: identifies recipe and pictures.
        module: the network that learns, with what its norms have counted.
        average: of its weights; None where none is kept.
        optimiser: with its momenta.
        step: how many steps are done.
        seconds: they took, interruptions left out.
        losses: of the steps since the last report, on the device.
    """

    run: str
    module: nn.Module
    average: nn.Module | None
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    losses: list[Tensor] = field(default_factory=list)

    def store(self, folder: Path) -> None:
        """Write the state, whole or not at all.

        Raises:
            OSError: if it cannot be written; the state before it is still there.
        """
        # Into memory first: torch turns a full disk into an error that does not say so.
        buffer = io.BytesIO()
        torch.save(
            {
                "run": self.run,
                "module": self.module.state_dict(),
                "average": self.average.state_dict() if self.average is not None else None,
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "losses": [loss.item() for loss in self.losses],
            },
            buffer,
        )
        write_whole(folder / _FILE, buffer.getbuffer())

    def restore(self, folder: Path) -> None:
        """Take up what :meth:`store` wrote last into the folder, if anything.

        Raises:
            ValueError: if the state is of another run or cannot be read.
        """
        path = folder / _FILE
        if not path.exists():
            return
        try:
            stored = torch.load(path, map_location="cpu", weights_only=True)
            run = stored["run"]
        # A damaged file makes torch raise nearly every built-in exception.
        except Exception as error:
            raise ValueError(f"{path} cannot be read as a run's state. Delete it to begin again.") from error
        if run != self.run:
            raise ValueError(
                f"{folder} holds a run of another recipe or on other pictures. "
                "Choose another folder, or delete it to begin again."
            )
        self.module.load_state_dict(stored["module"])
        if self.average is not None:
            self.average.load_state_dict(stored["average"])
        self.optimiser.load_state_dict(stored["optimiser"])
        device = next(self.module.parameters()).device
        self.step, self.seconds = stored["step"], stored["seconds"]
        self.losses = [torch.tensor(loss, device=device) for loss in stored["losses"]]
