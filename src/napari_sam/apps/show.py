"""`show`: a picture of an image with labels and prompts, in one line."""

from __future__ import annotations

from base64 import b64encode
from importlib.util import find_spec
from typing import TYPE_CHECKING

from napari_sam.apps.annotate import in_notebook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.address import Address
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.session import AnnotationSession
    from napari_sam.session.labels.arrays import LabelArray
    from napari_sam.tracking import Tracks


def show(
    image: AnyImage,
    labels: LabelArray | Tracks | Prediction | None = None,
    prompts: Prompts | Mapping[Address, Prompts] | None = None,
    *,
    axes: str | None = None,
) -> Picture:
    """Return a picture of an image, to look at: in a notebook, one to pan and zoom.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    labels
        Numbers of objects, ``(*frames.sizes, *frames.plane_shape)``; or tracks, or the
        prediction of one object in the first plane.
    prompts
        Those of one object in the first plane, or of each address.
    axes
        One letter of ``t z c y x`` per dimension. A 2D array may leave it out.

    Examples
    --------
    >>> import napari_sam as sam
    >>> from skimage.data import coins
    >>> sam.show(coins(), prompts=sam.Prompts.point(130, 48))
    Picture(Frames(y=303 x=384, uint8), 0 objects)
    """
    from napari_sam.annotator.open_image import ImageWithoutModel
    from napari_sam.api.promptable import to_image
    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.session import AnnotationSession

    frames = to_image(image, axes).frames
    session = AnnotationSession(
        ImageWithoutModel(frames), labels=_label_array(labels, frames)
    )
    given = {Address(0, 1): prompts} if isinstance(prompts, Prompts) else prompts
    session.replace_prompts(given or {})
    return Picture(session)


class Picture:
    """An image with labels and prompts, as notebooks, pages and GitHub show it."""

    def __init__(self, session: AnnotationSession) -> None:
        self._session = session

    def __repr__(self) -> str:
        count = len(self._session.state.footprints.object_ids)
        return f"Picture({self._session.frames!r}, {count} objects)"

    def _repr_png_(self) -> bytes | None:
        return self._session._repr_png_()

    def _repr_mimebundle_(self, **_: object) -> dict[str, object]:
        """Return a widget where there can be one, and the static picture."""
        bundle: dict[str, object] = {"text/plain": repr(self)}
        picture = self._repr_png_()
        if picture is not None:
            bundle["image/png"] = b64encode(picture).decode()
        if in_notebook() and find_spec("anywidget") is not None:
            bundle |= self._widget_bundle()
        return bundle

    def _widget_bundle(self) -> dict[str, object]:
        from napari_sam.apps.notebook.shown_image import ShownImage
        from napari_sam.apps.notebook.widget import AnnotationWidget

        shown = ShownImage(self._session)
        widget = AnnotationWidget(shown.receive, read_only=True)
        shown.displays.add(widget)
        bundle, _ = widget._repr_mimebundle_() or ({}, {})
        return dict(bundle)


def _label_array(
    labels: LabelArray | Tracks | Prediction | None, frames: Frames
) -> LabelArray | None:
    from napari_sam.core.prediction import Prediction
    from napari_sam.session.labels.arrays import empty_labels
    from napari_sam.tracking import Tracks

    if isinstance(labels, Tracks):
        return labels.labels  # type: ignore[return-value]  # it is only read
    if not isinstance(labels, Prediction):
        return labels
    drawn = empty_labels(frames)
    first = (0,) * len(frames.sizes)
    drawn[(*first, *labels.region.slices)] = labels.mask.astype("uint32")
    return drawn
