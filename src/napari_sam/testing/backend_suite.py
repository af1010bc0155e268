"""Tests for every backend: subclass, make one, inherit the tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import Prompts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.protocols import Backend

_INSIDE = Prompts().point(24, 20)
_AROUND = Prompts().rectangle(10, 8, 40, 34)


def picture(rows: int = 56, cols: int = 72) -> NDArray[np.uint8]:
    """Return a small image of two bright discs on a dark, uneven ground."""
    y, x = np.ogrid[:rows, :cols]
    first = (y - 24) ** 2 + (x - 20) ** 2 < 12**2
    second = (y - 30) ** 2 + (x - 54) ** 2 < 9**2
    ground = 20 + 10 * np.sin(y / 5) + 10 * np.cos(x / 7)
    grey = np.where(first | second, 200, ground).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)


def _same(one: Prediction, other: Prediction) -> bool:
    return (
        np.array_equal(one.logits, other.logits)
        and one.score == other.score
        and one.tile == other.tile
        and one.stride == other.stride
        and len(one.alternatives) == len(other.alternatives)
        and all(
            _same(a, b)
            for a, b in zip(one.alternatives, other.alternatives, strict=True)
        )
    )


class BackendTests(ABC):
    """Tests of what every backend promises.

    Examples
    --------
    >>> class TestMine(BackendTests):
    ...     def make_backend(self):
    ...         return MyBackend()
    """

    #: How much a plane's embedding may depend on its batch; by default not at all.
    batch_tolerance = 0.0

    @abstractmethod
    def make_backend(self) -> Backend:
        """Return a backend. Called once per test; cache it if that is slow."""

    def embed(self) -> tuple[Backend, EmbeddingArrays]:
        """Return a backend and what it made of `picture`."""
        backend = self.make_backend()
        (embedding,) = backend.encode([picture()])
        return backend, embedding

    def test_it_satisfies_the_protocol(self) -> None:
        """It has a fingerprint, a working size and a spec."""
        backend = self.make_backend()
        assert backend.working_size > 0
        assert backend.fingerprint
        assert backend.fingerprint == self.make_backend().fingerprint
        assert backend_spec(backend).working_size == backend.working_size

    def test_an_embedding_is_a_mapping_of_arrays(self) -> None:
        """Stores can keep it."""
        _, embedding = self.embed()
        assert embedding
        for name, array in embedding.items():
            assert isinstance(name, str)
            assert isinstance(array, np.ndarray)
            assert array.dtype.kind in "biuf"

    def test_encoding_twice_gives_the_same_bits(self) -> None:
        """The same pixels give the same embedding."""
        backend, one = self.embed()
        (other,) = backend.encode([picture()])
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[k], other[k]) for k in one)

    def test_a_batch_of_planes_encodes_like_one_by_one(self) -> None:
        """Batch size changes no bit; planes may differ in size."""
        backend, one = self.embed()
        first, second = backend.encode([picture(), picture(40, 64)])
        (alone,) = backend.encode([picture(40, 64)])
        assert all(np.array_equal(one[k], first[k]) for k in one)
        assert all(np.array_equal(alone[k], second[k]) for k in alone)

    def test_equal_planes_in_a_batch_encode_like_one_by_one(self) -> None:
        """Nor do its neighbours in a batch, nor how many they are.

        Where a library computes batches in another order, a backend may give
        `batch_tolerance`, the largest difference relative to the largest value.
        """
        backend = self.make_backend()
        assert backend_spec(backend).batch_size >= 1
        planes = [np.roll(picture(), n, axis=0) for n in range(5)]
        for plane, found in zip(planes, backend.encode(planes), strict=True):
            (alone,) = backend.encode([plane])
            assert found.keys() == alone.keys()
            for name, array in alone.items():
                most = self.batch_tolerance * np.abs(array).max(initial=0)
                assert np.abs(found[name] - array.astype(float)).max() <= most

    def test_a_batch_of_prompts_decodes_like_one_by_one(self) -> None:
        """In a batch of any size, each object gets the mask it gets alone."""
        backend, embedding = self.embed()
        many_prompts = [
            _INSIDE,
            _AROUND,
            _INSIDE.point(30, 54),
            Prompts().point(30, 54),
        ]
        together = backend.decode(embedding, many_prompts)
        for prompts, prediction in zip(many_prompts, together, strict=True):
            (alone,) = backend.decode(embedding, [prompts])
            np.testing.assert_array_equal(prediction.mask, alone.mask)
            assert prediction.region == alone.region

    def test_decoding_twice_gives_the_same_bits(self) -> None:
        """A mask is a pure function of the embedding and the prompts."""
        backend, embedding = self.embed()
        (one,) = backend.decode(embedding, [_INSIDE.point(30, 54, positive=False)])
        (other,) = backend.decode(embedding, [_INSIDE.point(30, 54, positive=False)])
        assert _same(one, other)

    def test_read_only_embeddings_decode(self) -> None:
        """Stores hand out arrays that cannot be written."""
        backend, embedding = self.embed()
        for array in embedding.values():
            array.flags.writeable = False
        assert len(backend.decode(embedding, [_INSIDE])) == 1

    def test_predictions_lie_in_the_tile(self) -> None:
        """In tile coordinates, with logits for the whole tile."""
        backend, embedding = self.embed()
        for prediction in backend.decode(embedding, [_INSIDE, _AROUND]):
            assert prediction.tile.slices == (slice(0, 56), slice(0, 72))
            assert prediction.logits.dtype == np.float32
            assert np.isfinite(prediction.logits).all()
            spanned = np.multiply(prediction.logits.shape, prediction.stride)
            assert (spanned >= np.array(prediction.tile.shape) - 1e-3).all()
            region = prediction.region
            assert 0 <= region.top <= region.bottom <= 56
            assert 0 <= region.left <= region.right <= 72

    def test_every_kind_of_prompt_decodes(self) -> None:
        """Points, boxes, polygons, scribbles, masks, and several of them together."""
        backend, embedding = self.embed()
        outline = [(13, 12), (13, 28), (35, 28), (35, 12)]
        many_prompts = [
            _INSIDE,
            _AROUND,
            Prompts().polygon(outline),
            Prompts().scribble([(20, 14), (26, 26)]),
            Prompts().from_mask(np.ones((12, 10), bool), top=18, left=15),
            _INSIDE.scribble([(50, 2), (50, 60)], positive=False),
            _AROUND.polygon([(25, 50), (35, 50), (35, 60)], positive=False),
            _INSIDE.rectangle(10, 8, 40, 34).point(2, 2, positive=False),
        ]
        predictions = backend.decode(embedding, many_prompts)
        assert len(predictions) == len(many_prompts)
        assert all(np.isfinite(a.score) for a in predictions)

    def test_candidates_come_best_first_and_can_be_chosen(self) -> None:
        """`choose(k)` gives the k-th candidate of the prediction without it."""
        backend, embedding = self.embed()
        (plain,) = backend.decode(embedding, [_INSIDE])
        scores = [c.score for c in plain.candidates]
        assert scores == sorted(scores, reverse=True)
        for k, candidate in enumerate(plain.candidates):
            (chosen,) = backend.decode(embedding, [_INSIDE.choose(k)])
            np.testing.assert_array_equal(chosen.logits, candidate.logits)

    def test_prompts_that_say_nothing_are_refused(self) -> None:
        """No prompts, or negative ones only, are a `PromptError`."""
        backend, embedding = self.embed()
        for prompts in (Prompts(), Prompts().point(2, 2, positive=False)):
            try:
                backend.decode(embedding, [prompts])
            except PromptError:
                continue
            raise AssertionError(f"{prompts} was answered.")

    def test_no_prompts_give_no_predictions(self) -> None:
        """An empty batch is fine."""
        backend, embedding = self.embed()
        assert list(backend.decode(embedding, [])) == []
        assert list(backend.encode([])) == []
