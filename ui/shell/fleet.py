"""The networks of this server and where their weights are, for the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from models.networks.registry import REGISTRY
from models.networks.spec import ModelSpec
from models.settings import changes_allowed, weights_folder
from models.weights.downloads import DownloadProgress, Downloads
from models.weights.locate import locate

Place = Literal["bundled", "cache", "folder", "remote", "random"]


@st.cache_resource
def downloads() -> Downloads:
    """The one list of downloads of this server."""
    return Downloads()


@dataclass(frozen=True)
class Presence:
    """Where the weights of one network are.

    Attributes:
        place: shipped with the app, in torch's cache, in the configured folder, to be downloaded, or
            none needed.
        progress: of a download that this server has begun, or None.
    """

    place: Place
    progress: DownloadProgress | None

    @property
    def usable(self) -> bool:
        return self.place != "remote"


def presence(spec: ModelSpec) -> Presence:
    """Ask the disk, not a memory of it: files come and go while the server runs."""
    if spec.file is None:
        return Presence("random", None)
    progress = downloads().progress(spec.file) if spec.file.url else None
    if spec.source == "bundled":
        return Presence("bundled", progress)
    found = locate(spec)
    if found is None:
        return Presence("remote", progress)
    folder = weights_folder()
    configured = folder is not None and found.is_relative_to(folder)
    return Presence("folder" if configured else "cache", progress)


def may_change() -> bool:
    """Whether visitors may download to this server's disk and delete from it."""
    return changes_allowed(st.get_option("server.address"))


def known_networks() -> dict[str, ModelSpec]:
    """Everything that can be chosen, after another look into the configured folder."""
    REGISTRY.refresh()
    return dict(REGISTRY)
