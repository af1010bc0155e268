"""Answering prompts round by round: what every SAM-like backend shares."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts.model_prompts import is_ambiguous, refinement_steps

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

    from napari_sam.core.embedding import Embedding
    from napari_sam.core.prompts import Prompts

#: Answers remembered, so that a further click asks once instead of from the start.
_CACHED_ROUNDS = 64
#: What was asked: an embedding's number, what was said, and the candidate chosen in
#: each round. Earlier choices count, since each answer hears the one before it.
_RoundKey: TypeAlias = "tuple[int, Prompts, tuple[int, ...]]"


class MaskCandidates(NamedTuple):
    """Candidates, best first: logits ``(M, h, w)`` and scores ``(M,)``."""

    logits: NDArray[np.float32]
    scores: NDArray[np.float32]

    def ranked(self) -> MaskCandidates:
        """Sort by score; equal scores keep their order."""
        if (np.diff(self.scores) <= 0).all():
            return self
        order = np.argsort(-self.scores, kind="stable")
        return MaskCandidates(self.logits[order], self.scores[order])


class RefiningDecoder(ABC):
    """A backend's `decode`: every later statement hears the answer before it.

    A mask is a pure function of the embedding and of what was said in order. Answers
    to the beginning of a conversation are remembered, which changes its speed alone.
    """

    def __init__(self) -> None:
        self._said: OrderedDict[_RoundKey, NDArray[np.float32]] = OrderedDict()
        self._known: dict[int, weakref.ref[NDArray[Any]]] = {}
        self._gone: deque[int] = deque()
        self._lock = Lock()

    @abstractmethod
    def _decode_round(
        self,
        embedding: Embedding,
        prompts: Prompts,
        previous: NDArray[np.float32] | None,
        *,
        multimask_output: bool,
    ) -> MaskCandidates:
        """Ask the model once; `previous` are logits that it gave before."""

    @abstractmethod
    def _stride(self, shape: tuple[int, int]) -> tuple[float, float]:
        """Pixels of a plane of `shape` per cell of the logits."""

    def decode(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """MaskCandidates each prompt with its best mask, in tile coordinates.

        Raises
        ------
        PromptError
            If one of them does not say where its object is.
        """
        return [self._decode_one(embedding, p) for p in prompts]

    def _decode_one(self, embedding: Embedding, prompts: Prompts) -> Prediction:
        asked = refinement_steps(prompts)
        place = self._place(embedding)
        previous: NDArray[np.float32] | None = None
        for n, turn in enumerate(asked, start=1):
            key = (place, turn.prompts, tuple(r.candidate for r in asked[:n]))
            known = self._recall(key) if n < len(asked) else None
            if known is None:
                answer = self._answer(embedding, turn.prompts, previous)
                found = self._predictions(embedding, answer).chosen(turn.candidate)
                known = found.logits
                self._remember(key, known)
            previous = known
        return found

    def _answer(
        self,
        embedding: Embedding,
        prompts: Prompts,
        previous: NDArray[np.float32] | None,
    ) -> MaskCandidates:
        multimask_output = is_ambiguous(prompts)
        return self._decode_round(
            embedding, prompts, previous, multimask_output=multimask_output
        ).ranked()

    def _predictions(self, embedding: Embedding, answer: MaskCandidates) -> Prediction:
        rows, cols = (int(n) for n in embedding["shape"])
        made = [
            Prediction(
                np.ascontiguousarray(logits, np.float32),
                float(score),
                Region(0, 0, rows, cols),
                self._stride((rows, cols)),
            )
            for logits, score in zip(answer.logits, answer.scores, strict=True)
        ]
        best = made[0]
        return Prediction(
            best.logits,
            best.score,
            best.tile,
            best.stride,
            alternatives=tuple(made[1:]),
        )

    def _place(self, embedding: Embedding) -> int:
        """Give an embedding a number while it lives; forget its answers after."""
        array = next(a for name, a in sorted(embedding.items()) if name != "shape")
        number = id(array)
        with self._lock:
            self._forget_the_gone()
            known = self._known.get(number)
            if known is None or known() is not array:
                self._gone.append(number)
                self._forget_the_gone()
                left = weakref.ref(array, lambda _: self._left(number))
                self._known[number] = left
        return number

    def _left(self, number: int) -> None:
        """Note that an embedding is gone; it may go while this thread has the lock."""
        self._gone.append(number)
        if self._lock.acquire(blocking=False):
            try:
                self._forget_the_gone()
            finally:
                self._lock.release()

    def _forget_the_gone(self) -> None:
        while self._gone:
            number = self._gone.popleft()
            self._known.pop(number, None)
            for key in [k for k in self._said if k[0] == number]:
                self._said.pop(key, None)

    def _recall(self, key: _RoundKey) -> NDArray[np.float32] | None:
        with self._lock:
            if key in self._said:
                self._said.move_to_end(key)
            return self._said.get(key)

    def _remember(self, key: _RoundKey, logits: NDArray[np.float32]) -> None:
        with self._lock:
            self._said[key] = logits
            while len(self._said) > _CACHED_ROUNDS:
                self._said.popitem(last=False)
