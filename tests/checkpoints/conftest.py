"""A home of its own for every test, a server, and a list of one small model."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from napari_sam.checkpoints import Download, ModelEntry, catalogue

from .server import serve


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder of models, not there yet; the network is allowed."""
    monkeypatch.delenv("NAPARI_SAM_OFFLINE")
    return tmp_path / "napari-sam" / "models"


@pytest.fixture
def server():
    served, running = serve()
    yield served
    served.over.set()
    if served.gate is not None:
        served.gate.set()
    running.shutdown()
    running.server_close()


@pytest.fixture
def payload():
    return np.random.default_rng(0).bytes(500_000)


@pytest.fixture
def entry(home, server, payload, monkeypatch):
    """The model "small", published by the server; nothing else is known."""
    server.files["small.pt"] = payload
    made = entry_for("small", server.url, payload)
    monkeypatch.setattr(catalogue, "published", lambda: (made,))
    return made


def entry_for(name, url, content, *, architecture="sam", kind="sha256", **changes):
    import xxhash

    algorithm = xxhash.xxh128 if kind == "xxh128" else getattr(hashlib, kind)
    file = Download(
        f"{name}.pt", f"{url}/{name}.pt", f"{kind}:{algorithm(content).hexdigest()}"
    )
    made = ModelEntry(name, architecture, "tests", weights=file)
    return replace(made, **changes)
