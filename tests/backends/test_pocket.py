import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from napari_sam.backends.pocket import PocketBackend, open_pocket
from napari_sam.core.errors import CheckpointError, ModelError
from napari_sam.core.images.frames import Frames
from napari_sam.core.progress import drain
from napari_sam.core.prompts import Prompts
from napari_sam.datasets.labelled_images import LabelledImage
from napari_sam.evaluation.mask_accuracy import iter_evaluate
from napari_sam.models.pocket import Pocket, PocketConfig
from napari_sam.synthetic import draw_scene
from napari_sam.testing import BackendTests


def tiny_model():
    torch.manual_seed(0)
    return Pocket(PocketConfig.tiny())


def tiny():
    return PocketBackend(tiny_model(), device="cpu")


class TestPocket(BackendTests):
    def make_backend(self):
        return tiny()


class TestBundledPocket(BackendTests):
    def make_backend(self):
        return open_pocket(device="cpu")


class TestPocketInBfloat16(BackendTests):
    def make_backend(self):
        return PocketBackend(tiny_model(), device="cpu", precision="bfloat16")


class TestPocketInBatches(BackendTests):
    # A number near the border of two bytes may become the one or the other.
    batch_tolerance = 1.01 / 255

    def make_backend(self):
        return PocketBackend(tiny_model(), device="cpu", batch_size=3)


@pytest.fixture(scope="module")
def bundled():
    return open_pocket(device="cpu")


def discs(apart=56):
    """Two bright discs of 12 and 9 pixels' radius on a noisy ground."""
    y, x = np.ogrid[:96, :128]
    first = np.hypot(y - 40, x - 36) < 12
    second = np.hypot(y - 52, x - 36 - apart) < 9
    noise = np.random.default_rng(0).normal(0, 6, first.shape)
    grey = np.clip(40 + 120 * (first | second) + noise, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, 2), first, second


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def ask(backend, image, *said):
    (embedding,) = backend.encode([image])
    return [p.full(image.shape[:2]) for p in backend.decode(embedding, said)]


def test_the_bundled_model_segments_a_disc_from_a_box(bundled):
    image, first, second = discs()
    boxes = (Prompts().rectangle(28, 24, 53, 49), Prompts().rectangle(43, 83, 62, 102))
    one, other = ask(bundled, image, *boxes)
    assert overlap(one, first) > 0.8
    assert overlap(other, second) > 0.8


def test_the_bundled_model_segments_a_disc_from_a_click(bundled):
    image, first, second = discs()
    one, other = ask(bundled, image, Prompts().point(40, 36), Prompts().point(52, 92))
    assert overlap(one, first) > 0.7
    assert overlap(other, second) > 0.7


@pytest.mark.parametrize("kind", ["polygon", "scribble", "mask"])
def test_the_bundled_model_hears_drawings(bundled, kind):
    image, first, _ = discs()
    said = {
        "polygon": Prompts().polygon([(28, 36), (40, 48), (52, 36), (40, 24)]),
        "scribble": Prompts().scribble([(34, 30), (40, 36), (46, 42)]),
        "mask": Prompts().from_mask(np.ones((18, 18), bool), top=31, left=27),
    }[kind]
    (mask,) = ask(bundled, image, said)
    assert overlap(mask, first) > 0.6


def test_further_clicks_refine(bundled):
    """On made-up scenes, clicks on what is wrong bring the masks nearer the truth."""
    pairs = []
    for seed in range(6):
        scene = draw_scene(seed, size=128)
        pairs.append(
            LabelledImage(
                str(seed), "made up", Frames(scene.image, "yxc"), scene.labels
            )
        )
    results = drain(iter_evaluate(bundled, pairs, objects=3))
    after = np.mean([r.clicks for r in results], axis=0)
    assert after[-1] > after[0] + 0.1
    assert after[-1] > 0.6


def test_a_negative_click_parts_what_touches(bundled):
    """Said of a mask that runs over two discs, it leaves the one."""
    image, first, _ = discs(apart=26)
    words = Prompts().point(40, 36).point(52, 62, positive=False)
    (mask,) = ask(bundled, image, words)
    assert mask[40, 36]
    assert not mask[52, 62]
    assert overlap(mask, first) > 0.5


def test_a_click_offers_three_candidates_and_a_box_one(bundled):
    (embedding,) = bundled.encode([discs()[0]])
    click, box = bundled.decode(
        embedding, [Prompts().point(40, 36), Prompts().rectangle(28, 24, 53, 49)]
    )
    assert len(click.candidates) == 3
    assert len(box.candidates) == 1


def test_what_was_remembered_is_what_would_be_computed():
    """Answers to the same words, heard before or not, agree to the bit."""
    image = discs()[0]
    words = Prompts().point(40, 36).point(20, 20, positive=False).point(44, 40)
    slow, quick = tiny(), tiny()
    (embedding,) = slow.encode([image])
    (fresh,) = slow.decode(embedding, [words])
    (again,) = quick.encode([image])
    for n in (1, 2, 3):
        (answer,) = quick.decode(again, [Prompts(words.items[:n])])
    np.testing.assert_array_equal(fresh.logits, answer.logits)


def test_a_further_click_asks_once(monkeypatch):
    backend, asked = tiny(), []
    ask_model = backend._decode_rounds

    def count(*args, **options):
        asked.append(args[1])
        return ask_model(*args, **options)

    monkeypatch.setattr(backend, "_decode_rounds", count)
    (embedding,) = backend.encode([discs()[0]])
    words = Prompts().point(40, 36)
    backend.decode(embedding, [words])
    words = words.point(20, 20, positive=False)
    backend.decode(embedding, [words])
    words = words.point(44, 40)
    backend.decode(embedding, [words])
    assert len(asked) == 3


def test_what_is_cached_is_bounded():
    backend = tiny()
    for shift in range(4):
        (embedding,) = backend.encode([np.roll(discs()[0], shift, axis=0)])
        clicks = [Prompts().point(40, 20 + i) for i in range(20)]
        backend.decode(embedding, clicks)
    assert len(backend._rounds) == 64
    assert len(backend._prepared) == 2


@pytest.mark.parametrize("count", [2, 7, 33])
def test_bits_do_not_depend_on_who_is_decoded_together(bundled, count):
    """With the shipped widths: libraries treat a few channels in ways of their own."""
    (embedding,) = bundled.encode([discs()[0]])
    clicks = [Prompts().point(20 + i, 30) for i in range(count)]
    clicks = [
        c.point(9, 9, positive=False) if i % 3 else c for i, c in enumerate(clicks)
    ]
    together = open_pocket(device="cpu").decode(embedding, clicks)
    for one, found in zip(clicks, together, strict=True):
        (alone,) = open_pocket(device="cpu").decode(embedding, [one])
        np.testing.assert_array_equal(alone.logits, found.logits)
        assert alone.score == found.score


def test_half_precision_on_disk_is_enough(bundled, tmp_path):
    """The bundled file is float16 and small."""
    from importlib.resources import files

    path = files("napari_sam.models") / "weights" / "pocket.safetensors"
    assert len(path.read_bytes()) < 12e6


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="does not hold the weights of pocket"):
        open_pocket(path)


def test_a_damaged_file_is_refused(tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"\x10garbage")
    with pytest.raises(CheckpointError, match="cannot be read"):
        open_pocket(path)
    with pytest.raises(CheckpointError, match=r"no\.safetensors"):
        open_pocket(tmp_path / "no.safetensors")


@pytest.mark.parametrize("device", ["abacus", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(ModelError, match="cannot be used here"):
        open_pocket(device=device)


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (33, 64), (1100, 40)])
def test_any_shape_is_answered(shape):
    backend = tiny()
    image = np.zeros((*shape, 3), np.uint8)
    (embedding,) = backend.encode([image])
    (answer,) = backend.decode(embedding, [Prompts().point(0, 0)])
    assert answer.full(shape).shape == shape
