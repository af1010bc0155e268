"""A view of an annotator that only remembers, and an executor that does not wait.

Together they run a whole annotation in a script, without a window: the smallest face
that `napari_sam.annotator` can have.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from napari_sam.core.geometry.region import Region
from napari_sam.core.images.frames import Frames
from napari_sam.core.progress import drain
from napari_sam.io import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import ArrayLike

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.progress import Progress
    from napari_sam.core.prompts import Prompt

_Result = TypeVar("_Result")


class ScriptedSource:
    """An array as an image that can be annotated.

    Parameters
    ----------
    data
        Pixels.
    axes
        One letter of ``t z c y x`` per dimension; a 2D array may leave it out.
    name
        As people call it.
    """

    def __init__(
        self, data: ArrayLike, *, axes: str | None = None, name: str = "image"
    ) -> None:
        self._frames, self._name = Frames(data, axes), name

    @property
    def frames(self) -> Frames:
        """The image, as a stack of frames."""
        return self._frames

    @property
    def name(self) -> str:
        """Name of the image."""
        return self._name

    def describe(self) -> Image:
        """Describe the image as a file would."""
        return Image(data=self._frames.data, axes=self._frames.axes)


@dataclass
class ScriptedView:
    """A view without a window: it records what it was given to show.

    Attributes
    ----------
    positive
        Whether a plain click is a positive prompt.
    plane_shape
        Rows and columns of the plane, all of which is in view.
    hovered
        The mask under the cursor, or None.
    frame
        The frame in view.
    visited
        Addresses that were brought into view.
    prompts_visible
        Whether the prompts are shown.
    """

    plane_shape: tuple[int, int]
    positive: bool = True
    hovered: Prediction | None = None
    frame: int = 0
    visited: list[Address] = field(default_factory=list)
    prompts_visible: bool = True
    _drawing: Callable[[Prompt], object] | None = None

    def show_hover(self, mask: Prediction | None) -> None:
        """Keep the mask under the cursor."""
        self.hovered = mask

    def show_frame(self, frame: int) -> None:
        """Bring a frame into view."""
        self.frame = frame

    def go_to(self, at: Address) -> None:
        """Bring an object into view."""
        self.frame = at.frame
        self.visited.append(at)

    def region_in_view(self) -> Region:
        """Return the whole plane."""
        return Region(0, 0, *self.plane_shape)

    def draw_once(self, tool: str, then: Callable[[Prompt], object]) -> None:
        """Hand the next drawn prompt over to a callback; see `draw`."""
        self._drawing = then

    def toggle_prompts(self) -> None:
        """Hide the prompts, or show them again."""
        self.prompts_visible = not self.prompts_visible

    def draw(self, prompt: Prompt) -> None:
        """Draw the prompt that `draw_once` waits for."""
        drawing, self._drawing = self._drawing, None
        if drawing is None:
            raise RuntimeError("Nothing waits for a drawing: call draw_once first.")
        drawing(prompt)


class _Done:
    def cancel(self) -> None:
        """Nothing is left to stop."""


class ImmediateExecutor:
    """An executor without threads: work is done at once, where it is called."""

    def predict(
        self,
        task: Callable[[], _Result],
        done: Callable[[_Result], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Predict a mask now."""
        try:
            result = task()
        except Exception as error:
            failed(error)
        else:
            done(result)

    def hover(
        self,
        task: Callable[[], _Result],
        done: Callable[[_Result], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Predict the mask under the cursor now."""
        self.predict(task, done, failed)

    def tell(self, call: Callable[[], object]) -> None:
        """Call a function now: there is one thread."""
        call()

    def iterate(
        self,
        generator: Generator[Progress, None, _Result],
        progress: Callable[[Progress], object],
        done: Callable[[_Result], object],
        failed: Callable[[Exception], object],
    ) -> _Done:
        """Go through long work now."""
        self.predict(lambda: drain(generator, progress), done, failed)
        return _Done()
