"""A session of annotating one image: what an annotator can do, without a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.progress import drain
from napari_sam.core.prompts import Candidate, Prompts
from napari_sam.session.actions import Commit, SetPrompts
from napari_sam.session.adding_masks import MaskAdder
from napari_sam.session.document import Document
from napari_sam.session.edits import apply_all
from napari_sam.session.model_setup import ModelSetup
from napari_sam.session.renamed import renamed_attribute
from napari_sam.session.requests import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.json_values import JsonDict, JsonObject, UncheckedJson
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.protocols import Promptable
    from napari_sam.session.adding_masks import AnyMask
    from napari_sam.session.edits.label_edits import Overlap
    from napari_sam.session.labels.arrays import LabelArray


class AnnotationSession(Document):
    """A session: prompts become a preview, a preview labels; anything can be undone.

    State changes by `execute`, `undo` and `redo` alone, on the thread that made the
    session; see `Document` for the signals. Slow work never touches it: a `Request` is
    answered anywhere, and its `Response` handed back.

    Parameters
    ----------
    image
        The image, with the model that predicts masks.
    labels
        Objects that are there already, ``(*frames.sizes, *frames.plane_shape)``; they
        are written to. By default, none, in a new array, on disk if it is large.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_sam import PromptableImage
    >>> from napari_sam.testing import ThresholdBackend
    >>> pixels = np.zeros((64, 64), np.uint8)
    >>> pixels[10:30, 20:40] = 200
    >>> session = AnnotationSession(PromptableImage(pixels, ThresholdBackend()))
    >>> session.add_point(15, 25)
    >>> session.commit()
    >>> int((session.labels == 1).sum())
    400
    >>> session.undo()
    True
    >>> int(session.labels.sum())
    0
    """

    def __init__(self, image: Promptable, *, labels: LabelArray | None = None) -> None:
        super().__init__(image.frames, labels)
        self.setups: dict[str, ModelSetup] = {}
        self._image = image
        self._described: tuple[Promptable, Appearance, str] | None = None

    def __repr__(self) -> str:
        count = len(self.state.objects)
        return f"AnnotationSession({self.frames!r}, {count} objects)"

    def _repr_png_(self) -> bytes | None:
        from napari_sam.session.picture import session_picture

        return session_picture(self)

    def __getattr__(self, name: str) -> UncheckedJson:
        return renamed_attribute(self, name)

    @property
    def image(self) -> Promptable:
        """The image with its model; another model may take over at any time."""
        return self._image

    @image.setter
    def image(self, image: Promptable) -> None:
        now, then = image.frames, self.frames
        if (now.sizes, now.plane_shape) != (then.sizes, then.plane_shape):
            raise SessionError(
                f"The session is about {then!r}; {now!r} is another image. Make a new "
                "session for it."
            )
        self._image, self._described = image, None
        self.state.frames = now
        self._set_preview(None)

    def next_object(self) -> Address:
        """Go on to a new object, and return its address."""
        self.current = Address(self._current.frame, self.state.objects.free_id())
        return self._current

    def replace_prompts(self, prompts: Mapping[Address, Prompts]) -> None:
        """Replace the prompts of objects, as one step; empty ones take them back.

        Nothing happens if they are as they were.
        """
        now = self.state.open_prompts
        changed = tuple(
            (at, given)
            for at, given in prompts.items()
            if given != now.get(at, Prompts()) and (given.items or at in now)
        )
        if changed:
            self.execute(SetPrompts(changed))

    def set_prompts(self, prompts: Prompts, at: Address | None = None) -> None:
        """Replace the prompts of one object, by default the current one."""
        self.replace_prompts({at or self._current: prompts})

    def add_point(self, row: float, col: float, *, positive: bool = True) -> None:
        """Add a point prompt on the current object, or on what is not part of it."""
        here = self.current_prompts
        self.set_prompts(here + Prompts.point(row, col, positive=positive))

    def add_box(self, top: float, left: float, bottom: float, right: float) -> None:
        """Add a half-open box prompt around the current object."""
        self.set_prompts(
            self.current_prompts + Prompts.rectangle(top, left, bottom, right)
        )

    def choose(self, index: int) -> None:
        """Choose another candidate mask: the `index`-th, best first."""
        items = list(self.current_prompts.items)
        while items and isinstance(items[-1], Candidate):
            items.pop()
        prompts = Prompts(tuple(items), self.current_prompts.threshold)
        self.set_prompts(prompts.choose(index) if index else prompts)

    def set_threshold(self, threshold: float) -> None:
        """Set the threshold of the current prompts: lower for more of the object.

        Several in a row are one step.
        """
        prompts, last = self.current_prompts, self.history.last
        if not prompts.items or prompts.threshold == threshold:
            return
        action = SetPrompts(((self._current, prompts.with_threshold(threshold)),))
        if last is None or not last.can_coalesce(self._current):
            self.execute(action)
        else:
            edit = apply_all(action.edits(self.state), self.state)
            self._announce("coalesce", self.history.coalesce(action, edit), edit)

    def request(
        self, *ats: Address, early: Callable[[Response], object] | None = None
    ) -> Request:
        """Freeze open prompts: those at the addresses given, or the current ones.

        Parameters
        ----------
        ats
            Addresses of the prompts.
        early
            See `Request`.

        Raises
        ------
        PromptError
            If some of them do not say where their object is.
        """
        chosen = ats or (self._current,)
        now = self.state.open_prompts
        prompts = {at: now.get(at, Prompts()) for at in chosen}
        return Request(self._image, prompts, early=early)

    def accept(self, response: Response) -> bool:
        """Take a mask as the preview, unless the current prompts are others now."""
        at = self._current
        if at not in self._still_current(response):
            return False
        self._set_preview(response.predictions[at])
        return True

    def predict(self) -> Prediction:
        """Predict the mask of the current prompts, and wait: for scripts and tests."""
        response = self.request()()
        self.accept(response)
        return response.predictions[self._current]

    def commit(
        self,
        response: Response | None = None,
        *,
        overlap: Overlap = "keep",
        with_prompts: bool = False,
    ) -> None:
        """Put predicted masks into the labels, as one step.

        Parameters
        ----------
        response
            Masks, of which those are taken that are not empty, and whose prompts are
            still open as they were. By default, the mask of the current prompts,
            waited for if need be.
        overlap
            ``"keep"`` leaves the pixels of other objects alone; ``"overwrite"`` takes
            them, except those of approved objects.
        with_prompts
            Set the prompts of the response in the same step, as of a batch: they need
            not be open.

        Raises
        ------
        SessionError
            If the mask of the current object is empty.
        PromptError
            If nothing says where the current object is.
        """
        if response is None:
            masks = {self._current: self._preview or self.predict()}
        else:
            known = response.predictions
            current = known if with_prompts else self._still_current(response)
            masks = {at: mask for at, mask in current.items() if mask.area}
        if not masks:
            return
        image = self._image if response is None else response.request.image
        prompts = response.request.prompts if response and with_prompts else {}
        key = self._setup_key(image)
        new = tuple((at, prompts[at]) for at in masks) if prompts else ()
        self.execute(Commit(tuple(masks), overlap, key, new), masks)

    def add_masks(
        self, masks: Mapping[Address, AnyMask], *, overlap: Overlap = "keep"
    ) -> None:
        """Put masks made elsewhere into the labels, as one step.

        Approved objects stay as they are. Where there are many, `MaskAdder` computes
        what changes on another thread.
        """
        adder = MaskAdder(self, overlap=overlap)
        adder.add(adder.request(masks)())

    def to_dict(self) -> JsonDict:
        """Return the record as plain JSON types: see `session.persistence`."""
        from napari_sam.session.persistence.record import Record

        return Record.of(self).to_dict()

    @classmethod
    def from_dict(cls, data: JsonObject, image: Promptable) -> AnnotationSession:
        """Replay a record that `to_dict` wrote, with the model of this image.

        Raises
        ------
        SessionError
            If it is another image, or the masks were predicted by another model.
        """
        from napari_sam.session.persistence.record import Record
        from napari_sam.session.persistence.replay import only, replay

        return drain(replay(Record.from_dict(data), only(image)))

    def _setup_key(self, image: Promptable) -> str:
        """Return the key of the model setup of an image, which is described once."""
        known = self._described
        if known and known[0] is image and known[1] is image.appearance:
            return known[2]
        setup = ModelSetup.of(image)
        self._described = image, setup.appearance, setup.key
        self.setups[setup.key] = setup
        return setup.key

    def _still_current(self, response: Response) -> dict[Address, Prediction]:
        """Masks whose prompts are still open, and of the image as it is."""
        prompts = response.request.prompts
        if response.request.image is not self._image:
            return {}
        return {
            at: mask
            for at, mask in response.predictions.items()
            if self.state.open_prompts.get(at) == prompts[at]
        }
