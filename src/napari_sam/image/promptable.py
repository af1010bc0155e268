"""A promptable image: an embeddable one whose objects are segmented by prompts."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.errors import PromptError
from napari_sam.core.prompts.prompts_in_tiles import first_tile, prompts_in_tile
from napari_sam.image import tile_pixels
from napari_sam.image.close_up import TILING, CloseUps
from napari_sam.image.complete.completing import complete
from napari_sam.image.complete.plane import PromptablePlane
from napari_sam.image.connected import connected
from napari_sam.image.embeddable import EmbeddableImage
from napari_sam.image.magnified import MagnifiedBackend
from napari_sam.image.mask_bias import without_bias
from napari_sam.image.overview import Overviews, overview_levels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend, EmbeddingStore


class PromptableImage(EmbeddableImage):
    """A 2D image, stack or video whose objects are segmented by prompts.

    Each tile of each plane is encoded once; every further prompt there only decodes.
    Pixels are expected to stay as they are: after changing an array in place, call
    `forget` or make a new `PromptableImage`.

    Parameters
    ----------
    data
        Pixels: anything with a shape that can be sliced.
    backend
        The model. Share one between images: it holds the weights.
    axes
        One letter of ``t z c y x`` per dimension of `data`. Only a two-dimensional
        image may leave it out.
    appearance
        How pixels are shown to the model. By default, fitted to the whole image, in
        the manner that the model was trained with.
    store
        The store of embeddings. By default, in memory.
    tiling
        How planes are cut. By default, those larger than what the model takes in are,
        as `Tiling.suited` says; ``Tiling()`` never cuts.
    connected
        Whether of a mask for clicks and scribbles only the parts that they hit are
        there. SAM's own predictor does not do that: ``False`` gives its masks as they
        are.
    levels
        The same image at coarser levels, finest first, each with the axes of `data`:
        what is larger than a tile is segmented there. By default, those that a file
        brings; what is missing is averaged from the pixels when it is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_sam.core.prompts import Prompts
    >>> from napari_sam.testing import ThresholdBackend
    >>> pixels = np.zeros((64, 64), np.uint8)
    >>> pixels[10:30, 20:40] = 200
    >>> image = PromptableImage(pixels, ThresholdBackend())
    >>> image.segment(Prompts.point(15, 25)).region
    Region(top=10, left=20, bottom=30, right=40)
    """

    def __init__(
        self,
        data: ArrayLike | PixelSource | Frames,
        backend: Backend,
        *,
        axes: str | None = None,
        appearance: Appearance | None = None,
        store: EmbeddingStore | None = None,
        tiling: Tiling | None = None,
        connected: bool = True,
        levels: Sequence[PixelSource | Frames] | None = None,
    ) -> None:
        super().__init__(
            data,
            backend,
            axes=axes,
            appearance=appearance,
            store=store,
            tiling=tiling,
            levels=levels,
        )
        self.connected = connected

    def __repr__(self) -> str:
        name = type(self.backend).__name__
        return f"PromptableImage({self.frames!r}, {name}, tiling={self.tiling})"

    def _repr_png_(self) -> bytes | None:
        """Return a small picture, as the model sees it; notebooks show it."""
        from napari_sam.image.screen_pixels import plane_picture
        from napari_sam.io.pictures import encode_picture

        found = plane_picture(self.frames, appearance=self.appearance)
        return None if found is None else encode_picture(found[0])

    @cached_property
    def _close_ups(self) -> CloseUps | None:
        """The same image enlarged, if the model gains by it for small objects."""
        by = backend_spec(self.backend).magnification
        if by == 1:
            return None
        near = PromptableImage(
            self.frames,
            MagnifiedBackend(self.backend, by),
            appearance=self.appearance,
            store=self.store,
            tiling=TILING,
            levels=(),
        )
        return CloseUps(self, near)

    @cached_property
    def _overviews(self) -> Overviews | None:
        """Coarser levels, if the model gains by them for large objects."""
        spec = backend_spec(self.backend)
        if spec.magnification == 1 or self.tiling == TILING:
            return None
        levels = overview_levels(self, spec)
        return Overviews(self, levels) if levels else None

    def segment(self, prompts: Prompts, frame: int = 0) -> Prediction:
        """Return the mask of one object, in plane coordinates.

        Parameters
        ----------
        prompts
            The prompts of the object, in order.
        frame
            The plane it is in, counted over all axes but ``y x c``.

        Raises
        ------
        PromptError
            If no prompt is positive, or one lies outside.
        """
        (prediction,) = self.segment_many([prompts], frame)
        return prediction

    def segment_many(
        self,
        prompts: Sequence[Prompts],
        frame: int = 0,
        *,
        new_close_ups: bool = True,
        early: Callable[[list[Prediction]], object] | None = None,
    ) -> list[Prediction]:
        """Return the masks of several objects of one plane, in the same order.

        Each tile is embedded once and decodes all of its objects in one call. An
        object that goes on beyond its tile is followed: see `Prediction.complete`.

        Parameters
        ----------
        prompts
            The prompts of each object.
        frame
            The plane they are in.
        new_close_ups
            Whether an object may wait for its close-up or its overview to be encoded;
            without, only those that are embedded already are taken.
        early
            Called with the masks as they are without close-ups and overviews, if some
            have to be encoded first, which takes longer than all the rest.
        """
        if not 0 <= frame < len(self.frames):
            raise PromptError(
                f"frame {frame} of an image with {len(self.frames)} "
                f"({self.frames!r}), counted from 0."
            )
        near, far = self._close_ups, self._overviews
        small = near.decodable(frame, prompts, new=new_close_ups) if near else []
        masks = near.known(frame, small) if near else {}
        rest = [i for i in range(len(prompts)) if i not in masks]
        found = self._segment_in_tiles(frame, [prompts[i] for i in rest])
        usual = dict(zip(rest, found, strict=True))
        masks |= usual
        if early and (
            (near and near.must_encode(frame, small, usual))
            or (far and far.must_encode(frame, prompts, _in_order(masks)))
        ):
            early(_at_thresholds(masks, prompts))
        if near:
            masks |= near.of_clicks(frame, small, usual)
        if far:
            seen = far.of_clicks(frame, prompts, _in_order(masks), new=new_close_ups)
            masks = dict(enumerate(seen))
        return _at_thresholds(masks, prompts)

    def _segment_in_tiles(
        self, frame: int, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Decode each object in its tile, and follow those that go on beyond it."""
        shape = self.frames.plane_shape
        plane = PromptablePlane(
            partial(self._decode_one, frame),
            partial(tile_pixels.pixels_to_read, self._sources),
            self.tiling,
            shape,
            self.cleaned,
        )
        first = [first_tile(one, self.tiling, shape) for one in prompts]
        masks = self.decode_in_tiles(frame, first, prompts)
        return [
            complete(plane, one, tile, mask)
            for one, tile, mask in zip(prompts, first, masks, strict=True)
        ]

    def forget(self) -> None:
        """Forget which pixels were encoded: call this after changing them in place.

        Embeddings of pixels that did not change are still found in the store.
        """
        super().forget()
        for derived in ("_close_ups", "_overviews"):
            self.__dict__.pop(derived, None)

    def cleaned(self, mask: Prediction, prompts: Prompts) -> Prediction:
        """Return a mask without parts that no click hit, if `connected` says so."""
        return connected(mask, prompts) if self.connected else mask

    def decode_in_tiles(
        self, frame: int, tiles: Sequence[Tile], prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Decode prompts on the plane, each in its tile: those of one in one call.

        Nothing is done about objects that go on beyond their tiles.
        """
        masks: dict[int, Prediction] = {}
        for tile in dict.fromkeys(tiles):
            mine = [i for i, other in enumerate(tiles) if other == tile]
            local = [prompts_in_tile(prompts[i], tile) for i in mine]
            masks |= dict(zip(mine, self._decode(frame, tile, local), strict=True))
        return [masks[i] for i in range(len(tiles))]

    def _decode(
        self, frame: int, tile: Tile, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        found = self.backend.decode(self.embedding(frame, tile), prompts)
        spec = backend_spec(self.backend)
        return [
            without_bias(mask, one, spec).on_plane(tile, self.frames.plane_shape)
            for mask, one in zip(found, prompts, strict=True)
        ]

    def _decode_one(self, frame: int, tile: Tile, prompts: Prompts) -> Prediction:
        (found,) = self._decode(frame, tile, [prompts])
        return found


def _in_order(masks: Mapping[int, Prediction]) -> list[Prediction]:
    return [masks[i] for i in range(len(masks))]


def _at_thresholds(
    masks: Mapping[int, Prediction], prompts: Sequence[Prompts]
) -> list[Prediction]:
    """Move thresholds of masks last: what was decoded does not depend on them."""
    pairs = ((masks[i], one.threshold) for i, one in enumerate(prompts))
    return [mask.with_threshold(t) if t else mask for mask, t in pairs]
