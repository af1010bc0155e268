import numpy as np
import pytest
import torch

from napari_sam.backends import encoding_backend
from napari_sam.backends.sam2.backend import Sam2Backend
from napari_sam.core.prompts import Prompts
from napari_sam.testing import BackendTests


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


class TestSam2(BackendTests):
    @pytest.fixture(autouse=True)
    def _backend(self, backend):
        self.backend = backend

    def make_backend(self):
        return self.backend


class TestSam2InBatches(BackendTests):
    batch_tolerance = 1e-5

    @pytest.fixture(autouse=True)
    def _model(self, make_model):
        self.model = make_model()

    def make_backend(self):
        return Sam2Backend(self.model, device="cpu", precision="float32", batch_size=3)


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (128, 128), (150, 97)])
def test_any_shape_is_answered(backend, shape):
    (embedding,) = backend.encode([noise(shape)])
    (answer,) = backend.decode(embedding, [Prompts().point(0, 0)])
    assert answer.full(shape).shape == shape
    assert np.multiply(answer.logits.shape, answer.stride) == pytest.approx(shape)


def test_an_embedding_has_three_levels(backend):
    (embedding,) = backend.encode([noise((60, 80))])
    shapes = {name: a.shape for name, a in embedding.arrays.items()}
    assert shapes == {"s4": (16, 32, 32), "s8": (32, 16, 16), "s16": (128, 8, 8)}
    assert {a.dtype for a in embedding.arrays.values()} == {np.dtype(np.float32)}
    assert backend.spec.working_size == backend.spec.view == 128


def test_a_click_has_three_candidates_and_a_box_one_mask(backend):
    (embedding,) = backend.encode([noise((60, 80))])
    asked = [Prompts().point(30, 40), Prompts().rectangle(5, 5, 40, 50)]
    click, box = backend.decode(embedding, asked)
    assert (len(click.candidates), len(box.candidates)) == (3, 1)


def test_previous_logits_are_heard(backend):
    (embedding,) = backend.encode([noise((64, 64))])
    click = Prompts().point(30, 30)
    answers = [
        backend.decode(embedding, [click.choose(k).point(40, 40)])[0] for k in (0, 2)
    ]
    assert np.abs(answers[0].logits - answers[1].logits).max() > 1e-4


def test_what_was_drawn_is_heard(backend):
    (embedding,) = backend.encode([noise((64, 64))])
    box = Prompts().rectangle(10, 10, 40, 40)
    outline = Prompts().polygon([(10, 10), (10, 39), (39, 39), (39, 10)])
    one, other = backend.decode(embedding, [box, outline])
    assert np.abs(one.logits - other.logits).max() > 1e-3


def test_weights_and_precision_are_part_of_the_fingerprint(make_model):
    made = [
        Sam2Backend(make_model(seed=seed), device="cpu", precision=precision)
        for seed, precision in ((3, "float32"), (4, "float32"), (3, "bfloat16"))
    ]
    assert len({b.fingerprint for b in made}) == 3
    answers = []
    for one in made[::2]:
        (embedding,) = one.encode([noise((60, 80))])
        answers.append(one.decode(embedding, [Prompts().point(30, 40)])[0].logits)
    spread = np.abs(answers[0]).max()
    assert np.abs(answers[0] - answers[1]).max() < 0.2 * spread


@pytest.mark.parametrize("fast", [True, False])
def test_the_machine_decides_in_what_precision_images_are_encoded(
    make_model, monkeypatch, fast
):
    """Unless one is named; all but the image encoder stays in float32."""
    monkeypatch.setattr(encoding_backend, "prefers_bfloat16", lambda device: fast)
    expected = "bfloat16" if fast else "float32"
    for precision in ("auto", "float32", "bfloat16"):
        model = make_model()
        made = Sam2Backend(model, device="cpu", precision=precision)
        assert made.precision == precision.replace("auto", expected)
        types = {p.dtype for p in model.vision_encoder.parameters()}
        assert types == {getattr(torch, made.precision)}
        assert {p.dtype for p in model.mask_decoder.parameters()} == {torch.float32}
        assert {p.dtype for p in model.memory_encoder.parameters()} == {torch.float32}
