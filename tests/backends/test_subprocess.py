"""A model in a process of its own answers as it would in this one."""

import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import napari_sam as sam
from napari_sam.api import open_concepts
from napari_sam.backends.subprocess import NoProcessError, SubprocessBackend, process
from napari_sam.backends.subprocess.prediction_codec import pack, unpack
from napari_sam.core.backend_spec import supports, with_features
from napari_sam.core.errors import CheckpointError, ModelError, PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.concepts import ExampleBoxes, SupportsExamples
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts import Prompts
from napari_sam.testing import (
    BackendTests,
    ColourConcepts,
    ColourMatching,
    ConceptTests,
    ThresholdBackend,
    VideoThresholdBackend,
)
from napari_sam.testing.propagator_suite import movie

MODULE = """
    import os, pathlib, time
    from napari_sam.backends.subprocess import serve
    from napari_sam.core.errors import CheckpointError
    from napari_sam.core.protocols import FeatureMap
    from napari_sam.testing import ColourConcepts, ColourMatching
    from napari_sam.testing import ThresholdBackend, VideoThresholdBackend

    class Odd(ThresholdBackend):
        view = 32
        capabilities = ("features",)

        def features(self, embedding):
            bright = embedding["bright"].astype("float32")[None]
            return [FeatureMap(bright, (1.0, 1.0))]

        def encode(self, planes):
            while os.path.exists("wait"):
                time.sleep(0.01)
            return super().encode(planes)

        def decode(self, embedding, prompts):
            print("libraries say such things")
            if os.path.exists("die"):
                os._exit(7)
            if os.path.exists("fail"):
                class Local(Exception):
                    pass
                raise Local("of here")
            return super().decode(embedding, prompts)

    def load(name, path=None):
        if name == "broken":
            raise CheckpointError("no such weights")
        if name == "words":
            return Knowing()
        return VideoThresholdBackend() if name == "video" else Odd()

    class Knowing(ColourConcepts, ThresholdBackend):
        capabilities = ("concepts",)

        def __init__(self):
            ColourConcepts.__init__(self)
            ThresholdBackend.__init__(self)

    class Examples(ColourConcepts):
        def find_by_examples(self, picture, words, examples):
            if os.path.exists("die"):
                os._exit(7)
            wanted = [examples[i].wanted[0] for i in examples]
            return [one for one in self.find_concepts(picture, words)
                    if one.box in wanted]

    def open_words(folder):
        with open("opened", "a") as log:
            log.write(folder.name + chr(10))
        if folder.name == "none":
            raise CheckpointError(f"{folder} holds no model")
        return {"boxes": ColourConcepts, "examples": Examples}.get(
            folder.name, ColourMatching)()

    if __name__ == "__main__":
        serve(load, open_words=open_words)
"""
PLANE = np.zeros((20, 30, 3), np.uint8)
PLANE[5:10, 5:12] = 255
CLICK = Prompts.point(7, 8)


@pytest.fixture(autouse=True)
def served(tmp_path, monkeypatch):
    (tmp_path / "served.py").write_text(textwrap.dedent(MODULE))
    there = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(there))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def apart():
    backend = SubprocessBackend("served", {"name": "odd"})
    yield backend
    backend.end()


def _child(backend):
    return backend._process._child


class TestTheSuite(BackendTests):
    @pytest.fixture(autouse=True)
    def _one(self, apart):
        self.apart = apart

    def make_backend(self):
        return self.apart


def test_it_answers_as_in_this_process(apart):
    (there,), (here,) = apart.encode([PLANE]), ThresholdBackend().encode([PLANE])
    (found,) = apart.decode(there, [CLICK])
    (known,) = ThresholdBackend().decode(here, [CLICK])
    assert np.array_equal(there["bright"], here["bright"])
    assert (found.score, found.tile, found.stride) == (
        known.score,
        known.tile,
        known.stride,
    )
    for one, other in zip(
        [found, *found.alternatives], [known, *known.alternatives], strict=True
    ):
        assert np.array_equal(one.logits, other.logits)
        assert one.logits.dtype == np.float32
    assert (found.area, apart.spec.view, apart.working_size) == (35, 32, 64)
    assert apart.spec.percentiles is None


def test_capabilities_pass_through_the_process(apart):
    """A check by `isinstance` would see the class of this side."""
    assert supports(apart, "features")
    assert not supports(apart, "video")
    assert not supports(ThresholdBackend(), "features")


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 6)),
        elements=st.sampled_from([-10.0, -1.0, 2.5]),
    )
)
def test_what_is_cut_away_comes_back(logits):
    whole = Prediction(logits, 0.5, Region(0, 0, *logits.shape), alternatives=())
    found = unpack(pack(whole))
    assert np.array_equal(found.logits, logits)
    assert (found.score, found.tile) == (whole.score, whole.tile)


def test_what_fails_there_is_said_here(apart, served):
    (embedding,) = apart.encode([PLANE])
    with pytest.raises(PromptError, match="No prompt is on"):
        apart.decode(embedding, [Prompts()])
    (served / "fail").touch()
    with pytest.raises(ModelError, match="Local: of here"):
        apart.decode(embedding, [CLICK])
    (served / "fail").unlink()
    assert apart.decode(embedding, [CLICK])[0].area == 35


def test_a_model_that_cannot_be_opened_leaves_no_process():
    with pytest.raises(CheckpointError, match="no such weights"):
        SubprocessBackend("served", {"name": "broken"})


def test_a_video_model_follows_objects_as_in_this_process():
    pixels, labels = movie()
    backend = SubprocessBackend("served", {"name": "video"})
    here, there = (
        sam.propagate(pixels, {0: labels[0]}, axes="tyx", model=model)
        for model in (VideoThresholdBackend(), backend)
    )
    for one, other in zip(here.source, there.source, strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.array_equal(np.asarray(here.source[7]) > 0, labels[7] > 0)
    backend.end()


def test_features_come_from_the_process(apart):
    (embedding,) = apart.encode([PLANE])
    assert with_features(apart) is apart
    (found,) = apart.features(embedding)
    assert np.array_equal(found.array[0], embedding["bright"])


def test_a_model_without_features_has_none(apart):
    backend = SubprocessBackend("served", {"name": "video"})
    (embedding,) = backend.encode([PLANE])
    assert with_features(backend) is None
    with pytest.raises(ModelError, match="no features"):
        backend.features(embedding)
    backend.end()


def test_a_model_without_memory_says_so(apart):
    (embedding,) = apart.encode([PLANE])
    with pytest.raises(ModelError, match="no memory"):
        apart.recall(embedding, [[]])


@pytest.mark.parametrize("module", ["no_such_module", "this"])
def test_a_module_that_does_not_serve(module):
    with pytest.raises(NoProcessError):
        SubprocessBackend(module, {})


def test_a_process_that_ended_before_it_read_is_cleared_away(tmp_path):
    place = tmp_path / "socket"
    place.mkdir()
    child = subprocess.Popen(
        [sys.executable, "-c", ""], stdin=subprocess.PIPE, text=True
    )
    child.wait()
    child.stdin.write("nobody reads this")
    process._terminate(child, [place])
    assert not place.exists()


def test_no_python_to_start(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NoProcessError, match="/nowhere/python"):
        SubprocessBackend("served", {})


def test_a_process_that_is_killed_is_replaced(apart):
    (embedding,) = apart.encode([PLANE])
    first = _child(apart)
    first.kill()
    assert apart.decode(embedding, [CLICK])[0].area == 35
    assert _child(apart).pid != first.pid
    assert first.returncode is not None


def test_a_process_that_keeps_ending_is_said_so(apart, served):
    (embedding,) = apart.encode([PLANE])
    (served / "die").touch()
    with pytest.raises(ModelError, match=r"ended twice.*exit code 7.*memory"):
        apart.decode(embedding, [CLICK])
    (served / "die").unlink()
    assert apart.decode(embedding, [CLICK])[0].area == 35


def test_more_embeddings_than_are_held(apart):
    planes = [np.roll(PLANE, i, axis=1) for i in range(12)]
    embeddings = apart.encode(planes)
    for _ in range(2):
        lefts = [
            apart.decode(e, [CLICK.point(7, 9 + i)])[0].region.left
            for i, e in enumerate(embeddings[:3])
        ]
        assert lefts == [5, 6, 7]
        for e in embeddings:
            apart.decode(e, [Prompts.rectangle(0, 0, 20, 30)])


def test_a_long_look_delays_no_answer(apart, served):
    (embedding,) = apart.encode([PLANE])
    (served / "wait").touch()
    looking = threading.Thread(target=apart.encode, args=([PLANE],))
    looking.start()
    assert apart.decode(embedding, [CLICK])[0].area == 35
    assert looking.is_alive()
    (served / "wait").unlink()
    looking.join(60)
    assert not looking.is_alive()


def test_it_ends_with_the_last_who_holds_it():
    backend = SubprocessBackend("served", {"name": "odd"})
    child = _child(backend)
    del backend
    gc.collect()
    assert child.poll() is not None


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
def test_it_ends_with_the_process_that_asks(served):
    script = (
        "from napari_sam.backends.subprocess import SubprocessBackend; import time;"
        "b = SubprocessBackend('served', {'name': 'odd'});"
        "print(b._process._child.pid, flush=True); time.sleep(600)"
    )
    asker = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    )
    with asker:
        pid = int(asker.stdout.readline())
        os.kill(pid, 0)
        asker.send_signal(signal.SIGKILL)
    for _ in range(600):
        if _is_gone(pid):
            return
        time.sleep(0.1)
    pytest.fail("the process of the model is still there")


def _is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    try:  # nobody may have collected it yet
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False


class TestWordsInTheProcess(ConceptTests):
    @pytest.fixture(autouse=True)
    def _one(self, apart, served):
        (served / "boxes").mkdir()
        self.opened = open_concepts(served / "boxes", apart)

    def make_concepts(self):
        return self.opened


PICTURE = TestWordsInTheProcess().picture()


def test_words_are_opened_once_beside_the_model(apart, served):
    (served / "boxes").mkdir()
    model = open_concepts(served / "boxes", apart)
    assert model.concept_model == "colours"
    assert not isinstance(model, SupportsExamples)
    found = model.find_concepts(PICTURE, ["red", "green"])
    assert found == ColourConcepts().find_concepts(PICTURE, ["red", "green"])
    model.find_concepts(PICTURE, ["blue"])
    assert (served / "opened").read_text() == "boxes\n"
    assert not hasattr(sys.modules.get("served"), "opened")


def test_a_process_that_died_opens_the_words_again(apart, served):
    (served / "examples").mkdir()
    model = open_concepts(served / "examples", apart)
    assert isinstance(model, SupportsExamples)
    examples = {0: ExampleBoxes(((8, 8, 24, 24),))}
    (known,) = model.find_by_examples(PICTURE, ["red"], examples)
    assert known.box == (8, 8, 24, 24)
    first = _child(apart)
    first.kill()
    first.wait()
    assert model.find_by_examples(PICTURE, ["red"], examples) == [known]
    assert _child(apart) is not first
    assert (served / "opened").read_text() == "examples\nexamples\n"
    (served / "die").touch()
    with pytest.raises(ModelError, match="ended twice"):
        model.find_by_examples(PICTURE, ["red"], examples)


def test_what_compares_pictures_looks_at_masks_of_that_model(apart, served):
    (served / "matching").mkdir()
    model = open_concepts(served / "matching", apart)
    assert model.concept_model == "names of colours over automatic masks"
    pictures = [PICTURE[8:24, 8:24], PICTURE[24:40, 40:60]]
    scores = apart.open_words(served / "matching").match_words(pictures, ["red"])
    known = ColourMatching().match_words(pictures, ["red"])
    np.testing.assert_array_equal(scores, known)
    assert scores.dtype == np.float32


def test_a_folder_that_is_none_is_said_as_in_this_process(apart, served):
    (served / "none").mkdir()
    with pytest.raises(CheckpointError, match="none holds no model"):
        open_concepts(served / "none", apart)


def test_a_model_that_knows_words_is_asked_itself(apart, served):
    with pytest.raises(ModelError, match="Words need a model that knows them"):
        open_concepts(None, apart)
    knowing = SubprocessBackend("served", {"name": "words"})
    try:
        model = open_concepts(None, knowing)
        assert model.find_concepts(PICTURE, ["red"])[0].box == (8, 8, 24, 24)
    finally:
        knowing.end()
    assert not (served / "opened").exists()
