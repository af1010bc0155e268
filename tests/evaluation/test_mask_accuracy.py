import numpy as np
import pytest

from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.frames import Frames
from napari_sam.core.mask import Mask
from napari_sam.core.progress import drain
from napari_sam.datasets.labelled_images import LabelledImage
from napari_sam.evaluation import evaluate, iter_evaluate, iter_worst, synthetic_images
from napari_sam.evaluation.mask_accuracy import sampled_objects, size_of
from napari_sam.evaluation.worst_cases import PREDICTION, TRUTH
from napari_sam.testing import ThresholdBackend


@pytest.fixture
def squares(blobs):
    labels = np.zeros(blobs.shape, np.int32)
    labels[10:30, 20:40], labels[50:60, 5:15] = 1, 2
    return LabelledImage("a", "squares", Frames(blobs, "yx"), labels)


@pytest.fixture
def too_wide(blobs):
    labels = np.zeros(blobs.shape, np.int32)
    labels[10:30, 20:60] = 1  # twice as wide as what is bright
    return LabelledImage("b", "squares", Frames(blobs, "yx"), labels)


class Refusing(ThresholdBackend):
    """Answers nothing about the upper half, and no box at all."""

    def decode(self, embedding, prompts):
        if any(p.boxes or p.anchor[0] < 32 for p in prompts):
            raise PromptError("I would rather not")
        return super().decode(embedding, prompts)


def test_a_model_that_answers_rightly_scores_one(squares):
    results = drain(iter_evaluate(ThresholdBackend(), [squares]))
    assert {r.object_id for r in results} == {1, 2}
    for result in results:
        assert (result.click, result.best, result.box) == (1, 1, 1)
        assert result.clicks == (1,) * 5
        assert result.needed(0.9) == 1
        assert result.refusal == ""


def test_a_model_that_answers_wrongly_does_not(too_wide):
    (result,) = drain(iter_evaluate(ThresholdBackend(), [too_wide]))
    assert result.click == 0.5
    assert result.clicks[0] == result.click
    assert len(result.clicks) == 5
    assert result.needed(0.8) is None
    assert result.candidates == (0.5, 18 * 18 / 800, 0.5)
    assert result.best == 0.5
    assert result.candidate_scores == pytest.approx((1, 0.9, 0.81))
    assert result.click_scores[0] == 1


def test_a_refusal_is_counted_and_ends_nothing(squares):
    backend = Refusing()
    results = {r.object_id: r for r in drain(iter_evaluate(backend, [squares]))}
    assert results[1].clicks == (0,) * 5
    assert results[1].candidates == ()
    assert results[1].best == 0
    assert results[2].clicks == (1,) * 5
    assert results[2].box == 0
    assert all("rather not" in r.refusal for r in results.values())


def test_every_model_is_asked_for_the_same_objects(squares, too_wide):
    models = {"one": ThresholdBackend(), "two": ThresholdBackend(threshold=225)}
    results = drain(iter_evaluate(models, [squares, too_wide]))
    asked = [[(r.name, r.object_id) for r in results if r.model == m] for m in models]
    assert asked[0] == asked[1]
    assert len(asked[0]) == 3
    dim = {(r.name, r.object_id): r for r in results if r.model == "two"}
    assert dim["a", 1].click == 0
    assert dim["a", 2].click == 1


def test_an_image_is_looked_at_once(squares):
    backend = ThresholdBackend()
    drain(iter_evaluate(backend, [squares]))
    assert backend.encoded == 1


def test_which_objects_depends_on_the_image_and_the_seed_alone():
    pairs = synthetic_images(3, size=64)

    def asked(some, seed=0):
        work = iter_evaluate(ThresholdBackend(), some, objects=2, seed=seed)
        return {(r.name, r.object_id) for r in drain(work)}

    assert asked(pairs) == asked(pairs[::-1])
    assert asked(pairs[1:]) < asked(pairs)
    assert asked(pairs) != asked(pairs, seed=1)


def test_images_alike_but_in_name_are_asked_for_different_objects():
    labels = np.kron(np.arange(1, 17).reshape(4, 4), np.ones((8, 8), int))
    truth = LabelledImage("a", "k", Frames(labels), labels).truth
    first, second = (sampled_objects(truth, name, 5, 0) for name in ("k/a", "k/b"))
    assert len(first) == 5
    assert first != second


def test_objects_may_overlap(blobs):
    """One that lies under another is asked for whole."""

    class Overlapping:
        shape, ids, areas = blobs.shape, np.array([1, 2]), np.array([400, 100])

        def window(self, object_id):
            return Region(10, 20, 30, 40) if object_id == 1 else Region(10, 20, 20, 30)

        def mask(self, object_id):
            plane = np.zeros(blobs.shape, bool)
            plane[self.window(object_id).slices] = True
            return Mask.from_array(plane)

    pair = LabelledImage("a", "k", Frames(blobs, "yx"), lambda: Overlapping())
    results = {r.object_id: r for r in drain(iter_evaluate(ThresholdBackend(), [pair]))}
    assert results[1].click == 1
    assert results[2].click == 0.25
    assert results[2].box == 1


def test_specks_are_not_asked_for(blobs):
    labels = np.zeros(blobs.shape, np.int32)
    labels[0, :29], labels[1, :30] = 1, 2
    pair = LabelledImage("a", "specks", Frames(blobs, "yx"), labels)
    (result,) = drain(iter_evaluate(ThresholdBackend(), [pair]))
    assert result.object_id == 2


def test_sizes_go_by_the_diameter_of_a_disc():
    areas = (201, 202, 1809, 1810)
    assert [size_of(a) for a in areas] == ["small", "medium", "medium", "large"]


def test_each_step_holds_what_was_found_so_far(squares, too_wide):
    work = iter_evaluate(ThresholdBackend(), [squares, too_wide])
    step = next(work)
    assert (step.done, step.total) == (1, 2)
    assert {r.name for r in step.results} == {"a"}
    work.close()


def test_nothing_to_ask_for_is_an_error_of_ours(blobs):
    pair = LabelledImage(
        "a", "none", Frames(blobs, "yx"), np.zeros(blobs.shape, np.int32)
    )
    with pytest.raises(ImageError, match="no object"):
        evaluate(ThresholdBackend(), [pair])


def test_synthetic_scenes_are_the_same_every_time():
    first, second = synthetic_images(2), synthetic_images(3)
    for one, other in zip(first, second, strict=False):
        np.testing.assert_array_equal(one.labels, other.labels)
        np.testing.assert_array_equal(one.frames[0], other.frames[0])
    assert not np.array_equal(second[1].labels, second[2].labels)


def test_the_worst_cases_are_drawn_with_truth_and_answer(squares, too_wide):
    backend = ThresholdBackend()
    pairs = [squares, too_wide]
    results = drain(iter_evaluate(backend, pairs))
    cases = drain(iter_worst(backend, pairs, results, count=1))
    assert [c.prompted for c in cases] == ["one click", "a box", "five clicks"]
    for case in cases:
        assert case.result.name == "b"
        assert case.iou == 0.5
        colours = {tuple(c) for c in case.picture.reshape(-1, 3)}
        assert {TRUTH, PREDICTION} <= colours


def test_a_refused_case_is_drawn_without_an_answer(squares):
    backend = Refusing()
    results = drain(iter_evaluate(backend, [squares]))
    case, *_ = drain(iter_worst(backend, [squares], results, count=1))
    assert case.iou == 0
    colours = {tuple(c) for c in case.picture.reshape(-1, 3)}
    assert TRUTH in colours
    assert PREDICTION not in colours
