"""Tiles encoded together: in order, alike ones at once, fewer if memory runs out."""

import numpy as np
import pytest
import torch

from napari_sam.backends.encoder_batches import Batches, tiles_per_batch
from napari_sam.backends.pocket import open_pocket
from napari_sam.core.prompts import Prompts
from napari_sam.synthetic import draw_scene


def images(*sides):
    return [torch.full((3, side, side), n) for n, side in enumerate(sides)]


class Encoder:
    """Names each image; has memory for so many at once."""

    def __init__(self, memory=9):
        self.memory, self.asked = memory, []

    def __call__(self, stack):
        self.asked.append(len(stack))
        if len(stack) > self.memory:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [int(image[0, 0, 0]) for image in stack]


def test_alike_images_go_together_and_come_back_in_order():
    encoder = Encoder()
    assert Batches(3).run(images(8, 9, 8, 8, 9, 8), encoder) == [0, 1, 2, 3, 4, 5]
    assert encoder.asked == [3, 1, 2]
    assert Batches(3).run([], encoder) == []


def test_when_memory_runs_out_half_as_many_are_tried_and_all_get_done():
    encoder, batches = Encoder(memory=2), Batches(8)
    assert batches.run(images(*[8] * 7), encoder) == list(range(7))
    assert encoder.asked == [7, 3, 1, 1, 1, 1, 1, 1, 1]
    assert batches.size == 1
    encoder, batches = Encoder(memory=2), Batches(4)
    assert batches.run(images(*[8] * 5), encoder) == list(range(5))
    assert encoder.asked == [4, 2, 2, 1]
    assert batches.size == 2


@pytest.mark.parametrize(
    "wrong", [RuntimeError("MPS backend out of memory"), torch.OutOfMemoryError("full")]
)
def test_memory_that_is_not_enough_for_one_is_an_error(wrong):
    def fail(stack):
        raise wrong

    with pytest.raises(RuntimeError, match=str(wrong)):
        Batches(4).run(images(8, 8, 8), fail)


def test_other_errors_are_not_tried_again():
    def fail(stack):
        asked.append(len(stack))
        raise RuntimeError("a bug")

    asked = []
    with pytest.raises(RuntimeError, match="a bug"):
        Batches(4).run(images(8, 8, 8), fail)
    assert asked == [3]


def test_a_gpu_takes_what_half_of_its_free_memory_holds(monkeypatch):
    free = {"now": 0}
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (free["now"], 1 << 40))
    for memory, expected in ((0, 1), (90, 4), (10_000, 8)):
        free["now"] = memory
        assert tiles_per_batch(torch.device("cuda"), 10) == expected
    assert tiles_per_batch(torch.device("cpu"), 10) == 1


def test_on_a_cpu_bits_do_not_depend_on_the_batch_even_for_small_tiles():
    backend = open_pocket(device="cpu")
    assert backend.batch_size == 1
    planes = [draw_scene(seed, size=48).image for seed in range(3)]
    said = Prompts.point(20, 20)
    for plane, found in zip(planes, backend.encode(planes), strict=True):
        (alone,) = backend.encode([plane])
        assert all(np.array_equal(alone[k], found[k]) for k in alone)
        (one,), (two,) = (backend.decode(e, [said]) for e in (alone, found))
        np.testing.assert_array_equal(one.logits, two.logits)
