"""`review`: the objects of a labelled data set, one after another, in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.apps.annotate import require

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.apps.notebook.review import NotebookReview
    from napari_sam.core.protocols import Backend


def review(path: str | Path, *, model: str | Backend = "pocket") -> NotebookReview:
    """Review a labelled data set in a notebook, the most uncertain objects first.

    In napari the same is *Plugins > napari-sam > Review labels*.

    Parameters
    ----------
    path
        The folder, as `label` or ``napari-sam label`` made it.
    model
        What predicts masks of objects that are corrected: a name, or a backend that
        is open already.

    Returns
    -------
    What is displayed as a widget where it is the last of a cell. Every answer is on
    the disk at once; `save` and `close` write the tables as well.

    Raises
    ------
    MissingPackageError
        If anywidget is not installed.

    Examples
    --------
    >>> import napari_sam as sam
    >>> sam.review("labelled")  # doctest: +SKIP
    """
    require("anywidget", "review")
    from napari_sam.apps.notebook.review import NotebookReview

    return NotebookReview(path, model=model)
