"""Objects followed through a clip by the project's own propagator, over a store."""

import weakref
from functools import partial

import numpy as np
import pytest
import torch

import napari_sam as sam
from napari_sam import Address
from napari_sam.backends.sam2.backend import Sam2Backend
from napari_sam.backends.sam2.edgetam import EdgeTamBackend
from napari_sam.backends.sam2.memory import ObjectMemory
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.protocols import SupportsVideo
from napari_sam.stores.zarr_store import ZarrStore
from napari_sam.testing import PropagatorTests
from napari_sam.tracking import PropagateSettings, memory_method
from napari_sam.tracking.propagators import propagator

from .discs import FRAMES, SIDE, clip, masks


@pytest.fixture(scope="module", params=["sam2.1", "edgetam"])
def family(request):
    return request.param


@pytest.fixture(scope="module")
def make_seeing(family, make_model, make_edgetam, make_square_t):
    """Return a function that makes a model which takes most objects to be there."""
    if family == "edgetam":
        return lambda: make_edgetam(presence=3.0)
    if family == "sam2.1_t":
        return lambda: make_square_t(presence=3.0)
    return lambda: make_model(seed=8, presence=3.0)


@pytest.fixture(scope="module")
def seeing(family, make_seeing):
    kind = EdgeTamBackend if family == "edgetam" else Sam2Backend
    return kind(make_seeing(), device="cpu", precision="float32")


@pytest.fixture
def image(seeing, tmp_path):
    store = ZarrStore(tmp_path / "store.zarr")
    return sam.PromptableImage(clip(), seeing, axes="tyx", store=store)


def propagated(image, first, last, seeds):
    """Propagate objects from a frame to another, and return what the model recalled."""
    method = propagator("memory", image, PropagateSettings())
    found, recall = {}, image.backend.recall
    objects = method.start(first, seeds)
    way = 1 if last > first else -1
    for frame in range(first + way, last + way, way):
        with pytest.MonkeyPatch.context() as patch:
            recalled = []
            patch.setattr(
                image.backend,
                "recall",
                lambda *a, into=recalled: into.extend(recall(*a)) or into,
            )
            objects = method.propagate(objects, frame, {})
        found[frame] = recalled, objects
    return found


def session(image, model, first, seeds):
    """A session of transformers whose features are those of the store."""
    import transformers

    class Stored:
        """What it keeps of each frame: the levels that the store has."""

        def __len__(self):
            return FRAMES

        def get_vision_features(self, frame):
            arrays = image.embedding(frame, image.tiling.tiles((SIDE, SIDE))[0])
            levels = [torch.tensor(arrays[n])[None] for n in ("s4", "s8", "s16")]
            places = [
                model.vision_encoder.neck.position_encoding(
                    (1, model.hidden_dim, *x.shape[2:]), "cpu", torch.float32
                )
                for x in levels
            ]
            flat = [
                [x.flatten(2).permute(2, 0, 1) for x in y] for y in (levels, places)
            ]
            return dict(zip(("vision_feats", "vision_pos_embeds"), flat, strict=True))

    kind = type(model).__name__.replace("Model", "InferenceSession")
    found = getattr(transformers, kind)(
        video=torch.zeros(FRAMES, 1), video_height=SIDE, video_width=SIDE,
        dtype=torch.float32,
    )  # fmt: skip
    found.cache = Stored()
    for i, mask in seeds.items():
        plane = mask.in_window(Region(0, 0, SIDE, SIDE))
        index = found.obj_id_to_idx(i)
        found.add_mask_inputs(index, first, torch.tensor(plane)[None, None].float())
        found.obj_with_new_inputs = [i]
        model(found, frame_idx=first)
    return found


@pytest.fixture
def reference(make_seeing, monkeypatch):
    """The model of transformers, with the one mask that Meta's code makes of a mask.

    transformers asks for several, of which it takes the pointer of the best.
    """
    model = make_seeing()
    forward = model._single_frame_forward

    def of_one_mask(**options):
        given = options.get("input_masks") is not None
        return forward(**options | ({"multimask_output": False} if given else {}))

    monkeypatch.setattr(model, "_single_frame_forward", of_one_mask)
    return model


@pytest.mark.parametrize(("first", "last"), [(0, FRAMES - 1), (FRAMES - 1, 0)])
def test_masks_are_those_of_transformers(
    family, image, reference, first, last, monkeypatch
):
    """Of three objects on every frame of a clip, forward and backward.

    Memories of SAM 2 are rounded to bfloat16 in both, some of them the other way, which
    adds up: so later frames may differ by a pixel. Those of EdgeTAM are not rounded.
    """
    exact = family == "edgetam"
    for near, mine, theirs in _beside(image, reference, first, last, monkeypatch):
        loose = 1e-3 if near else 0.1
        np.testing.assert_allclose(mine, theirs, atol=2e-5 if exact else loose)
        differ = (mine > 0) != (theirs > 0)
        assert differ.sum() <= (0 if near or exact else 3)


def test_nothing_but_the_rounding_of_memories_differs(image, reference, monkeypatch):
    """Where neither rounds them, all frames agree."""
    monkeypatch.setattr(torch, "bfloat16", torch.float32)
    monkeypatch.setattr(ObjectMemory, "_kept", lambda _, features: features.numpy())
    for _, mine, theirs in _beside(image, reference, 0, FRAMES - 1, monkeypatch):
        np.testing.assert_allclose(mine, theirs, atol=1e-4)


@pytest.mark.parametrize("family", ["sam2.1_t"], indirect=True)
def test_a_random_sam2_t_has_the_masks_of_the_reference(image, reference, monkeypatch):
    """Three objects, from the store in half precision; memories are not rounded."""
    monkeypatch.setattr(torch, "bfloat16", torch.float32)
    monkeypatch.setattr(ObjectMemory, "_kept", lambda _, features: features.numpy())
    for _, mine, theirs in _beside(image, reference, 0, FRAMES - 1, monkeypatch):
        largest = np.abs(theirs[theirs > -1000]).max(initial=1)
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-3 * largest)
        assert ((mine > 0) != (theirs > 0)).sum() == 0


def _beside(image, reference, first, last, monkeypatch):
    """Yield whether the given masks are near, our logits, and those of transformers.

    Our objects share no pixel, and have no parts elsewhere; theirs may. So nobody takes
    pixels from another here.
    """
    monkeypatch.setattr(memory_method, "compete", _unopposed)
    seeds = masks(first)
    theirs = session(image, reference, first, seeds)
    found = propagated(image, first, last, seeds)
    steps = reference.propagate_in_video_iterator(
        theirs, start_frame_idx=first, reverse=last < first
    )
    seen = 0
    for step in steps:
        if step.frame_idx == first:
            continue
        recalled, _ = found[step.frame_idx]
        for ours, logits in zip(recalled, step.pred_masks[:, 0].numpy(), strict=True):
            near = abs(step.frame_idx - first) < 5
            yield near, ours.prediction.logits, logits
            seen += int((logits > 0).any())
    assert seen > FRAMES


def _unopposed(fused, expected, taken):
    found = {i: _mask(f) for i, f in fused.items()}
    return {i: mask or expected[i] for i, mask in found.items()}


def _mask(fused):
    top, left = fused.region.top, fused.region.left
    return Mask.from_array(fused.logits > 0, top=top, left=left)


def test_state_does_not_grow_with_the_clip(seeing):
    """No more memories are alive after 60 frames than after 25, forward and back."""
    last = 3 * FRAMES - 1
    frames = np.concatenate([clip()] * 3)
    image = sam.PromptableImage(frames, seeing, axes="tyx")
    made, alive, memorize = [], [], seeing.memorize

    def watched(*args, **options):
        found = memorize(*args, **options)
        made.extend(weakref.ref(a) for m in found for a in m.arrays.values())
        alive.append(sum(ref() is not None for ref in made))
        return found

    seeds = {Address(at, 1): masks(at % FRAMES)[1] for at in (0, last)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeing, "memorize", watched)
        sam.propagate(image, seeds)
    assert len(alive) == 2 * last
    # Features and pointers of the given mask, of 6 frames and of the newest one; the
    # pointers of 9 frames before.
    assert max(alive) == max(alive[:25]) == 2 * 8 + 9


def test_what_others_have_got_is_not_remembered(image, seeing):
    embedding = image.embedding(0, image.tiling.tiles((SIDE, SIDE))[0])
    first = seeing.memorize(embedding, [masks()[1]])[0]._replace(frames_ago=1)
    (found,) = seeing.recall(embedding, [[first]])
    whole = Mask.from_array(np.ones((SIDE, SIDE), bool))
    half = Mask.from_array(np.ones((SIDE // 2, SIDE), bool))
    made = [
        seeing.memorize(embedding, [mask], recalled=[found])[0].arrays["features"]
        for mask in (whole, half)
    ]
    assert np.abs(made[0].astype(float) - made[1])[:, -1].max() > 1e-3


class TestSam2Propagator(PropagatorTests):
    """What a propagator promises, but to find things: random weights know of none."""

    least_iou = least_iou_after_dark = 0.0

    @pytest.fixture(autouse=True)
    def _backend(self, seeing):
        self.backend = seeing

    def make_propagator(self, pixels):
        image = sam.PromptableImage(pixels, self.backend, axes="tyx")
        return propagator("memory", image, PropagateSettings())


def test_it_is_a_video_model(seeing):
    assert isinstance(seeing, SupportsVideo)
    assert "video" in seeing.spec.capabilities


def test_an_object_that_changes_its_tile_begins_anew(seeing):
    """Places in memories of one tile mean others in the next."""
    wide = np.random.default_rng(1).integers(0, 255, (2, SIDE, 3 * SIDE), np.uint8)
    image = sam.PromptableImage(wide, seeing, axes="tyx")
    method = propagator("memory", image, PropagateSettings())
    left = Mask.from_array(np.ones((20, 20), bool), top=50, left=10)
    right = Mask.from_array(np.ones((20, 20), bool), top=50, left=300)
    objects = method.start(0, {1: left})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_method, "compete", partial(_here, right))
        objects = method.propagate(objects, 1, {})
    ((at, memory),) = objects[1].memories
    assert at == 1
    assert memory.prompted


def _here(mask, fused, expected, taken):
    return dict.fromkeys(fused, mask)
