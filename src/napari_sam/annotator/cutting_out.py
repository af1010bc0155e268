"""Objects of a session cut out of their image: pictures, a sheet, a video."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam.annotator.workspace import Workspace
    from napari_sam.io.cutouts.settings import CutoutSettings

CUTTING = "cutting out objects"


class CuttingOut:
    """Writes cut-outs beside the view."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def write(
        self,
        path: Path,
        settings: CutoutSettings,
        *,
        objects: Sequence[int] = (),
        overwrite: bool = False,
    ) -> None:
        """Cut objects out of the image that is open.

        Parameters
        ----------
        path
            Without a suffix, a folder of pictures; ``.png`` for a sheet, ``.webm`` or
            ``.mov`` for a video.
        settings
            Margin, feather and background.
        objects
            Numbers of objects; by default, all.
        overwrite
            Replace what is there; of folders, only those of cut-outs.
        """
        from napari_sam.api import iter_write_cutouts

        with self._workspace.events.reporting():
            session, image = self._workspace.require_session(), self._workspace.image
            assert image is not None
            if not len(session.state.footprints):
                raise SessionError("There is nothing to cut out: commit objects first.")
            shown = getattr(session.image, "appearance", None)
            work = iter_write_cutouts(
                image.source.describe(),
                np.asarray(session.labels),
                path,
                objects=objects,
                classes={i: info.category for i, info in session.objects.items()},
                settings=settings,
                appearance=shown if image.has_model else None,
                overwrite=overwrite,
            )
            done = partial(self._on_written, path)
            self._workspace.tasks.run(CUTTING, work, done)

    def _on_written(self, path: Path, count: int) -> None:
        what = "frame" if path.suffix in (".webm", ".mov") else "object"
        text = f"{count} {what}{'s' * (count != 1)} cut out in {path}."
        self._workspace.events.message.emit("info", text)
