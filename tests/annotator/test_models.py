"""Models of the dock live in processes of their own."""

import gc
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

import napari_sam as sam
from napari_sam.annotator.models import ModelPool
from napari_sam.backends.subprocess import SubprocessBackend
from napari_sam.core.errors import UnknownModelError
from napari_sam.testing.backend_suite import picture

USUAL = {"checkpoint": None, "device": "auto", "precision": "auto"}


@pytest.fixture
def threads():
    """As many as a fresh process takes: embeddings depend on them in the last bits."""
    before = torch.get_num_threads()
    ask = "import torch; print(torch.get_num_threads())"
    told = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True
    )
    torch.set_num_threads(int(told.stdout))
    yield
    torch.set_num_threads(before)


def test_a_model_in_its_own_process_gives_the_same_bits(threads):
    pool = ModelPool()
    there, here = pool.open("pocket", **USUAL), sam.load_backend("pocket")
    assert isinstance(there, SubprocessBackend)
    assert there._process._child.pid != os.getpid()
    assert (there.fingerprint, there.spec) == (here.fingerprint, here.spec)
    (one,), (other,) = there.encode([picture()]), here.encode([picture()])
    assert all(np.array_equal(one[name], other[name]) for name in other)
    for prompts in (sam.Prompts.point(24, 20), sam.Prompts.rectangle(10, 8, 40, 34)):
        (found,), (known,) = there.decode(one, [prompts]), here.decode(other, [prompts])
        assert found.score == known.score
        assert np.array_equal(found.logits, known.logits)
        for a, b in zip(found.alternatives, known.alternatives, strict=True):
            assert np.array_equal(a.logits, b.logits)


def test_all_who_want_a_model_share_its_process():
    pool = ModelPool()
    assert pool.open("pocket", **USUAL) is pool.open("pocket", **USUAL)


def test_what_a_model_refuses_is_said():
    with pytest.raises(UnknownModelError, match=r"pockt.*Did you mean 'pocket'"):
        ModelPool().open("pockt", **USUAL)
    gc.collect()


def test_where_no_process_can_be_had_the_model_is_opened_in_this_one(
    monkeypatch, caplog
):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    backend = ModelPool().open("pocket", **USUAL)
    assert not isinstance(backend, SubprocessBackend)
    assert len(backend.encode([picture()])) == 1
    assert "/nowhere/python" in caplog.text
