"""A model of our list, as it comes over a bad connection."""

import hashlib
from dataclasses import replace

import pytest

from napari_sam import checkpoints
from napari_sam.checkpoints import Download, Patience, catalogue
from napari_sam.core.errors import CheckpointError
from napari_sam.core.progress import drain

from .server import Fault, serve

QUICK = Patience(timeout=10, tries=3, wait=0.0)


def opened_by_name(monkeypatch, name, files, opens):
    """Download a model from a server that cuts and fails, verify it, and open it.

    Then a byte of it changes, and it is not opened any more.

    Parameters
    ----------
    name
        One of our list: its architecture is kept.
    files
        Bytes by path; of several, the first is the weights.
    opens
        Called to open it.

    Returns
    -------
    object
        What was opened.
    """
    served, running = serve()
    monkeypatch.delenv("NAPARI_SAM_OFFLINE")
    weights, *others = (
        Download(path, f"{served.url}/{path}", _hash(content), len(content))
        for path, content in files.items()
    )
    made = replace(checkpoints.find(name), weights=weights, files=tuple(others))
    known = "published_words" if others else "published"
    monkeypatch.setattr(catalogue, known, lambda: (made,))
    served.files |= files
    served.faults += [Fault(cut=weights.size // 2), Fault(status=503)]
    drain(checkpoints.iter_download(name, patience=QUICK))
    asked = [at for path, at in served.asked if path == f"/{weights.file}"]
    assert [at is None for at in asked] == [True, False, False], "the rest alone"
    running.shutdown()
    running.server_close()
    checked = list(checkpoints.verify(name))
    assert [one.is_right for one in checked] == [True] * len(files)
    opened = opens()
    _damage(checked[0].path)
    with pytest.raises(CheckpointError, match="damaged, or another file"):
        opens()
    return opened


def _damage(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def _hash(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
