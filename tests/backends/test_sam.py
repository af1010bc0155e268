import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import napari_sam as sam
from napari_sam.backends.sam import SamBackend, read_state
from napari_sam.backends.sam_weights import open_sam
from napari_sam.core.errors import CheckpointError, ModelError, UnknownModelError
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.model_prompts import Refinement
from napari_sam.models.config import SamConfig
from napari_sam.models.sam import build_sam
from napari_sam.testing import BackendTests


def model(config):
    """Random weights, also where a fresh model has zeros."""
    torch.manual_seed(0)
    made = build_sam(config)
    for parameter in made.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.02)
    return made


def backend(config=None, **options):
    options = {"precision": "float32", "device": "cpu", **options}
    return SamBackend(model(config or SamConfig.tiny()), **options)


class TestVit(BackendTests):
    def make_backend(self):
        return backend()


class TestVitStretched(BackendTests):
    def make_backend(self):
        return backend(fit="stretch", values="unit")


class TestVitInBfloat16(BackendTests):
    def make_backend(self):
        return backend(precision="bfloat16")


class TestVitInBatches(BackendTests):
    batch_tolerance = 1e-5

    def make_backend(self):
        return backend(batch_size=3)


class TestTinyVit(BackendTests):
    def make_backend(self):
        return backend(SamConfig.tiny_vit_t())


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


def test_the_precision_is_part_of_the_fingerprint():
    one, other = backend(), backend(precision="bfloat16")
    assert one.fingerprint != other.fingerprint


def test_weights_are_part_of_the_fingerprint():
    changed = model(SamConfig.tiny())
    with torch.no_grad():
        changed.image_encoder.pos_embed[0, 0, 0, 0] += 1e-3
    other = SamBackend(changed, precision="float32", device="cpu")
    assert other.fingerprint != backend().fingerprint


def test_bfloat16_answers_nearly_like_float32():
    image = noise((60, 80))
    answers = []
    for precision in ("float32", "bfloat16"):
        made = backend(precision=precision)
        (embedding,) = made.encode([image])
        answers.append(made.decode(embedding, [Prompts().point(30, 40)])[0].logits)
    spread = np.abs(answers[0]).max()
    assert 0 < np.abs(answers[0] - answers[1]).max() < 0.1 * spread


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (64, 64), (150, 97)])
def test_any_shape_is_answered(shape):
    made = backend()
    (embedding,) = made.encode([noise(shape)])
    (answer,) = made.decode(embedding, [Prompts().point(0, 0)])
    assert answer.full(shape).shape == shape
    rows, cols = np.multiply(answer.logits.shape, answer.stride)
    assert shape[0] <= rows + 1e-6
    assert shape[1] <= cols + 1e-6


def test_previous_logits_are_heard():
    """Two clicks said together are not two clicks of which the first was answered."""
    made = backend()
    (embedding,) = made.encode([noise((64, 64))])
    click, two = Prompts().point(30, 30), Prompts().point(30, 30).point(40, 40)
    (refined,) = made.decode(embedding, [two])
    alone = _decode_round(made, embedding, two)
    assert np.abs(refined.logits - alone.logits[0]).max() > 1e-4
    (first,) = made.decode(embedding, [click])
    again = _decode_round(made, embedding, two, first.logits)
    np.testing.assert_array_equal(refined.logits, again.logits[0])


@pytest.mark.parametrize("count", [2, 7, 33])
def test_bits_do_not_depend_on_who_is_decoded_together(count):
    """Clear and ambiguous prompts, with and without boxes and masks, in any number."""
    made = backend()
    (embedding,) = made.encode([noise((50, 64))])
    prompts = [_prompts(i) for i in range(count)]
    together = made.decode(embedding, prompts)
    for one, found in zip(prompts, together, strict=True):
        (alone,) = backend().decode(embedding, [one])
        assert len(alone.candidates) == len(found.candidates)
        for a, b in zip(alone.candidates, found.candidates, strict=True):
            np.testing.assert_array_equal(a.logits, b.logits)
            assert a.score == b.score


def _prompts(i):
    point = Prompts().point(5 + i, 7 + i)
    kinds = [
        point,
        point.point(20, 30, positive=False),
        point.rectangle(2, 3, 20 + i, 30),
        Prompts().rectangle(2 + i, 3, 49, 30 + i),
        Prompts().scribble([(3, 4), (10 + i, 20)]),
    ]
    return kinds[i % len(kinds)]


def _decode_round(made, embedding, prompts, previous=None):
    (found,) = made._decode_rounds(
        made._prepare(embedding), [Refinement(prompts, previous=previous)]
    )
    return found


def test_the_candidate_chosen_is_the_one_refined():
    made = backend()
    (embedding,) = made.encode([noise((64, 64))])
    click = Prompts().point(30, 30)
    (first,) = made.decode(embedding, [click])
    (refined,) = made.decode(embedding, [click.choose(2).point(40, 40)])
    before = first.candidates[2].logits
    again = _decode_round(made, embedding, click.point(40, 40), before)
    np.testing.assert_array_equal(refined.logits, again.logits[0])


def test_what_was_drawn_is_heard():
    made = backend()
    (embedding,) = made.encode([noise((64, 64))])
    box = Prompts().rectangle(10, 10, 40, 40)
    outline = Prompts().polygon([(10, 10), (10, 39), (39, 39), (39, 10)])
    one, other = made.decode(embedding, [box, outline])
    assert np.abs(one.logits - other.logits).max() > 1e-3


def as_vit_b(monkeypatch):
    """Let the name vit_b stand for a small model, whose files are quick to write."""
    config = SamConfig.tiny()
    monkeypatch.setattr(SamConfig, "vit_b", classmethod(lambda cls: config))
    return model(config).state_dict()


@pytest.mark.parametrize("wrapper", [None, "model", "model_state"])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_file_of_weights_opens_by_name(monkeypatch, tmp_path, wrapper, suffix):
    state, path = as_vit_b(monkeypatch), tmp_path / f"weights{suffix}"
    if suffix == ".pth":
        torch.save({wrapper: state} if wrapper else state, path)
    else:
        save_file(state, path)
    opened = sam.load_backend("vit_b", checkpoint=path, device="cpu")
    image = noise((50, 60))
    answer = sam.segment(image, Prompts().point(20, 30), axes="yxc", model=opened)
    assert len(answer.candidates) == 3


def test_the_size_must_be_the_one_named(monkeypatch, tmp_path):
    path = tmp_path / "weights.pth"
    torch.save(as_vit_b(monkeypatch), path)
    with pytest.raises(CheckpointError, match="does not hold vit_l, but vit_b"):
        open_sam("vit_l", path)


def test_missing_weights_are_said(monkeypatch, tmp_path):
    state, path = as_vit_b(monkeypatch), tmp_path / "weights.pth"
    del state["mask_decoder.iou_token.weight"]
    torch.save(state, path)
    with pytest.raises(CheckpointError, match="iou_token"):
        open_sam("vit_b", path)


def test_no_weights_are_asked_for():
    with pytest.raises(CheckpointError, match="checkpoint="):
        open_sam("vit_h", None)
    with pytest.raises(CheckpointError, match=r"sam_vit_h_4b8939\.pth on another"):
        sam.load_backend("vit_h")
    with pytest.raises(UnknownModelError, match="vit_x"):
        open_sam("vit_x", "weights.pth")
    with pytest.raises(ModelError, match="float16"):
        sam.load_backend("vit_b", checkpoint="weights.pth", precision="float16")


class Malicious:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_pickle_that_runs_programs_runs_nothing(tmp_path):
    path, harm = tmp_path / "weights.pth", tmp_path / "harm"
    torch.save({"a": Malicious(harm)}, path)
    with pytest.raises(CheckpointError, match="any program"):
        read_state(path)
    assert not harm.exists()
    path.write_bytes(pickle.dumps(Malicious(harm), protocol=2))
    with pytest.raises(CheckpointError):
        read_state(path)
    assert not harm.exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_damaged_file_is_refused(tmp_path, suffix):
    path = tmp_path / f"weights{suffix}"
    path.write_bytes(b"not weights at all")
    with pytest.raises(CheckpointError, match="weights"):
        read_state(path)
    path.write_bytes(b"")
    with pytest.raises(CheckpointError, match="weights"):
        read_state(path)


def test_a_file_of_other_things_is_refused(tmp_path):
    path = tmp_path / "weights.pth"
    torch.save([torch.zeros(1)], path)
    with pytest.raises(CheckpointError, match="no state dict"):
        read_state(path)
    torch.save({"a": torch.zeros(1)}, path)
    with pytest.raises(CheckpointError):
        open_sam("vit_b", path)


def test_the_published_sizes_keep_their_names():
    assert replace(SamConfig.vit_b()) == SamConfig.vit_b() != SamConfig.vit_l()


@pytest.mark.parametrize("shape", [(64, 64), (30, 60), (200, 100)])
def test_places_are_told_in_pixels_of_the_encoders_square(shape):
    """Its first and last pixels lie half a pixel inside; the model adds that half."""
    made = backend()
    said = Prompts().point(0, 0).rectangle(0, 0, *shape)
    spoken = made._prompt_inputs(Refinement(said), shape)
    rows, cols = np.multiply(shape, made.working_size / max(shape))
    first, corner, opposite = (spoken.coords_N2 + 0.5).tolist()
    assert first == pytest.approx([0.5 * cols / shape[1], 0.5 * rows / shape[0]])
    assert corner == [0, 0]
    assert opposite == pytest.approx([cols, rows])
    assert spoken.labels_N.tolist() == [1, 2, 3]


@pytest.mark.parametrize("shape", [(64, 64), (30, 60), (200, 100)])
def test_a_stretched_image_fills_the_square_and_places_follow(shape):
    made = backend(fit="stretch")
    said = Prompts().point(0, 0).rectangle(0, 0, *shape).point(shape[0] - 1, 0)
    spoken = made._prompt_inputs(Refinement(said), shape)
    side = made.working_size
    first, last, corner, opposite = (spoken.coords_N2 + 0.5).tolist()
    assert first == pytest.approx([0.5 * side / shape[1], 0.5 * side / shape[0]])
    assert last == pytest.approx([0.5 * side / shape[1], side - 0.5 * side / shape[0]])
    assert corner == [0, 0]
    assert opposite == pytest.approx([side, side])
    (embedding,) = made.encode([noise(shape)])
    (answer,) = made.decode(embedding, [said])
    assert answer.logits.shape == (side // 4, side // 4)
    assert np.multiply(answer.logits.shape, answer.stride) == pytest.approx(shape)


def test_a_stretched_image_is_looked_at_as_if_it_were_square():
    """A wide image and the square it is stretched to give the same logits."""
    square = noise((128, 128))
    side = backend().working_size
    wide = np.repeat(square, 2, axis=1)
    stretched = backend(fit="stretch")
    answers = []
    for image, col in ((square, 40), (wide, 80.5)):
        (embedding,) = stretched.encode([image])
        (found,) = stretched.decode(embedding, [Prompts().point(30, col)])
        answers.append(found.logits)
    assert answers[0].shape == (side // 4, side // 4)
    alike = np.corrcoef(answers[0].ravel(), answers[1].ravel())[0, 1]
    assert alike > 0.95


def test_unit_values_are_between_0_and_1(monkeypatch):
    made = backend(fit="stretch", values="unit")
    seen = []
    encoder = made.model.image_encoder
    forward = encoder.forward
    monkeypatch.setattr(encoder, "forward", lambda x: seen.append(x) or forward(x))
    made.encode([noise((40, 60)) // 2 + 50, np.full((8, 9, 3), 7, np.uint8)])
    assert (seen[0].min(), seen[0].max()) == (0, 1)
    assert not seen[1].any()


def test_preprocessing_is_part_of_the_fingerprint():
    marks = {
        backend(**options).fingerprint
        for options in ({}, {"fit": "stretch"}, {"values": "unit"})
    }
    assert len(marks) == 3
    with pytest.raises(ModelError, match="pad, stretch"):
        backend(fit="crop")
