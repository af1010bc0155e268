"""`annotate`: an image in napari or in a notebook, ready for clicks."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

from napari_sam.core.errors import MissingPackageError, SettingError

if TYPE_CHECKING:
    from napari_sam.annotator.annotation import Annotation
    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.protocols import Backend
    from napari_sam.session.labels.arrays import LabelArray


def annotate(
    image: AnyImage,
    *,
    axes: str | None = None,
    model: str | Backend = "pocket",
    labels: LabelArray | None = None,
    view: Literal["napari", "notebook"] | None = None,
) -> Annotation:
    """Open an image to annotate it: in napari, or as a widget of a notebook.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    axes
        One letter of ``t z c y x`` per dimension. A 2D array may leave it out, and so
        may a file that says its axes itself.
    model
        A name, as in `load_backend`; in a notebook, also a backend already open.
    labels
        Objects that are there already, ``(*frames.sizes, *frames.plane_shape)``; they
        are written to.
    view
        ``"napari"`` or ``"notebook"``; by default, a notebook where this is one.

    Returns
    -------
    An object with `session`, `labels` and `prompts`. In a notebook it is displayed as
    a widget where it is the last of a cell, and has `table`, `wait` and `save`.

    Raises
    ------
    MissingPackageError
        If napari, or anywidget for the notebook, is not installed.

    Examples
    --------
    >>> import napari_sam as sam
    >>> annotation = sam.annotate("cells.tif")  # doctest: +SKIP
    >>> annotation.labels.max()  # doctest: +SKIP
    """
    chosen = view or ("notebook" if in_notebook() else "napari")
    if chosen == "notebook":
        return _annotate_in_notebook(image, axes, model, labels)
    if chosen == "napari":
        return _annotate_in_napari(image, axes, model, labels)
    raise SettingError(f"view={view!r}: expected 'napari' or 'notebook'.")


def in_notebook() -> bool:
    """Whether this runs in the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if getattr(shell, "kernel", None) is not None:
        return True
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _annotate_in_notebook(
    image: AnyImage, axes: str | None, model: str | Backend, labels: LabelArray | None
) -> Annotation:
    require("anywidget", "annotate")
    from napari_sam.apps.notebook.annotation import NotebookAnnotation

    return NotebookAnnotation(image, axes=axes, model=model, labels=labels)


def _annotate_in_napari(
    image: AnyImage, axes: str | None, model: str | Backend, labels: LabelArray | None
) -> Annotation:
    require("napari", "annotate")
    from napari_sam.api.promptable import to_image
    from napari_sam.apps.dock.annotation import DockAnnotation

    if not isinstance(model, str):
        raise SettingError(
            f"model={model!r}: in napari a model has a process of its own, and is "
            "opened by its name."
        )
    found = to_image(image, axes)
    path = found.path
    name = "image" if path is None else path.name
    return DockAnnotation(found, name=name, model=model, labels=labels)


def require(package: str, who: str) -> None:
    """Raise an error if a package is not installed.

    Parameters
    ----------
    package
        Its name, to import it and to install it.
    who
        The function that needs it.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    if find_spec(package) is None:
        raise MissingPackageError(
            f"{who} needs {package} here, which is not installed: "
            f"python -m pip install {package}."
        )
