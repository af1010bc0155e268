"""Decoding to infer: each prompt in a window of its own, many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import torch

from napari_sam.models.pocket.cell_window import CellWindow, object_cells
from napari_sam.models.pocket.config import PADDING
from napari_sam.models.pocket.context_window import (
    PocketPrompts,
    crop,
    cropped,
    crops,
    reaches_edge,
)
from napari_sam.models.pocket.local_maps import LocalMaps
from napari_sam.models.pocket.prompt_encoder import MapFeatures

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_sam.models.pocket.context_window import Windowed
    from napari_sam.models.pocket.mask_decoder import CoarseOutput, FineOutput
    from napari_sam.models.pocket.pocket import Pocket

Key = TypeVar("Key", bound="Hashable")

#: Candidate masks of an ambiguous prompt.
CANDIDATES = 3
#: Logit of everything outside the decoded window.
OUTSIDE = -10.0


class WindowDecoder:
    """Predicts masks of objects of one image, each from a window around its prompts.

    A context window goes some cells beyond the prompts (`PocketPrompts.reach`), and
    twice as far each time the best mask reaches its edge. Objects whose windows have
    one shape are decoded together. Which they are changes no bit: no step adds over
    objects, and the shape of a window depends on its own prompts alone.

    Parameters
    ----------
    model
        With its weights.
    features
        Of one image, at strides 16, 8, 4 and 2; they may be on another device than the
        model.
    multimask_output
        Whether the prompts are ambiguous: then the three of the four masks with the
        highest scores are decoded, else mask 0 alone.
    maps
        Those of the model's prompt encoder, to keep what is cached there.
    """

    def __init__(
        self,
        model: Pocket,
        features: Sequence[Windowed],
        *,
        multimask_output: bool,
        maps: LocalMaps | None = None,
    ) -> None:
        self._model, self._features = model, features
        self._maps = maps or LocalMaps(model.prompts)
        self._masks = slice(None) if multimask_output else slice(0, 1)
        self._grid = features[0].shape[1], features[0].shape[2]

    @torch.inference_mode()
    def predict(self, inputs: Sequence[PocketPrompts]) -> list[tuple[Tensor, Tensor]]:
        """Return logits ``(M, 8H, 8W)`` and predicted IoU ``(M,)``, best first.

        Where nothing was decoded the logits are `OUTSIDE`.
        """
        grid = self._grid
        prompted = [one.window(grid) for one in inputs]
        found: dict[int, tuple[Tensor, Tensor, CellWindow]] = {}
        waiting, times = list(range(len(inputs))), 1
        while waiting:
            windows = {
                i: prompted[i].around_by(times * inputs[i].reach, grid) for i in waiting
            }
            kinds = {
                i: (_shape(w), inputs[i].kind_of_arrays) for i, w in windows.items()
            }
            for some in _alike(kinds):
                own = [windows[i] for i in some]
                within = [inputs[i].within(windows[i]) for i in some]
                masks = self._predict_in_contexts(own, PocketPrompts.together(within))
                found |= zip(some, masks, strict=True)
            waiting = [
                i
                for i in waiting
                if reaches_edge(found[i][0][0], found[i][2], windows[i], grid)
            ]
            times *= 2
        every = (found[i] for i in range(len(inputs)))
        return [(_placed(masks, part, grid), scores) for masks, scores, part in every]

    def _predict_in_contexts(
        self, windows: Sequence[CellWindow], inputs: PocketPrompts
    ) -> list[tuple[Tensor, Tensor, CellWindow]]:
        """Predict from contexts of one shape, at stride 2 where the objects may be.

        Of each object, masks and scores, best first, and the part of the grid that the
        masks are of.
        """
        cells = _shape(windows[0])
        maps = self._maps.features(inputs, cells)
        coarse = self._forward_coarse(windows, inputs, maps)
        inside = [
            object_cells(where, xy, kinds)
            for where, xy, kinds in zip(
                coarse.where, inputs.xy, inputs.kinds, strict=True
            )
        ]
        near = {
            n: CellWindow.around(c).around_by(inputs.halo, cells, inputs.step)
            for n, c in enumerate(inside)
        }
        found: dict[int, tuple[Tensor, Tensor, CellWindow]] = {}
        for some in _alike({n: _shape(w) for n, w in near.items()}):
            own = [near[n] for n in some]
            fine = self._forward_fine(some, own, windows, coarse, maps)
            for k, n in enumerate(some):
                _hide(fine.logits[k], ~inside[n][near[n].at(1)])
            judged = self._model.decoder.judge(coarse.tokens[some], fine)
            scores = coarse.scores[some] + judged
            for k, n in enumerate(some):
                part = near[n].shifted(windows[n].top, windows[n].left)
                found[n] = *_best(fine.logits[k], scores[k]), part
        return [found[n] for n in range(len(inside))]

    def _forward_coarse(
        self, windows: Sequence[CellWindow], inputs: PocketPrompts, maps: MapFeatures
    ) -> CoarseOutput:
        prompts = self._model.prompts
        image = cropped(self._features[0], windows, 1).to(inputs.xy.device)
        return self._model.decoder.forward_coarse(
            maps.s16.add(image),
            prompts.tokens(inputs.xy, inputs.kinds),
            inputs.kinds != PADDING,
            prompts.position.cached_grid(_shape(windows[0])),
            masks=self._masks,
        )

    def _forward_fine(
        self,
        some: list[int],
        near: Sequence[CellWindow],
        contexts: Sequence[CellWindow],
        coarse: CoarseOutput,
        maps: MapFeatures,
    ) -> FineOutput:
        """Decode some of the objects at stride 2, in parts of their contexts."""
        own = zip(maps, (1, 2, 4), strict=True)
        in_image = [
            w.shifted(contexts[n].top, contexts[n].left)
            for n, w in zip(some, near, strict=True)
        ]
        features = crop(self._features, in_image).to(coarse.image.device)
        return self._model.decoder.forward_fine(
            crops(coarse.image, near, 1, some),
            coarse.weights[some],
            features,
            MapFeatures(*(crops(f, near, k, some) for f, k in own)),
        )


def _best(masks: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Sort masks and their scores, and keep the best."""
    if len(scores) == 1:
        return masks, scores
    best = scores.argsort(descending=True, stable=True)[:CANDIDATES]
    return masks[best], scores[best]


def _placed(masks: Tensor, window: CellWindow, cells: tuple[int, int]) -> Tensor:
    """Return masks of a window as masks of a grid of cells."""
    out = masks.new_full((len(masks), 8 * cells[0], 8 * cells[1]), OUTSIDE)
    out[:, *window.at(8)] = masks
    return out


def _hide(masks: Tensor, cells: NDArray[np.bool_]) -> None:
    """Set the pixels of cells to `OUTSIDE`, in masks eight times as fine."""
    hidden = torch.from_numpy(cells[:, None, :, None]).to(masks.device)
    masks.unflatten(2, (-1, 8)).unflatten(1, (-1, 8)).masked_fill_(hidden, OUTSIDE)


def _shape(window: CellWindow) -> tuple[int, int]:
    return window.bottom - window.top, window.right - window.left


def _alike(keys: dict[int, Key]) -> list[list[int]]:
    """Group numbers whose keys are equal."""
    groups: dict[Key, list[int]] = {}
    for n, key in keys.items():
        groups.setdefault(key, []).append(n)
    return list(groups.values())
