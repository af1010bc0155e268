"""The panel without an image: how to open one, and samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from npe2 import PluginManager
from qtpy.QtWidgets import QWidget

from napari_sam.apps.dock.panels.widgets import button, column, text

if TYPE_CHECKING:
    from collections.abc import Callable

_PLUGIN = "napari-sam"


class WelcomePanel(QWidget):
    """Shown while there is no image.

    Parameters
    ----------
    open_sample
        Called with the key of a sample.
    """

    def __init__(self, open_sample: Callable[[str], object]) -> None:
        super().__init__()
        rows = column(self)
        rows.addWidget(
            text("Open an image: File > Open, or drag one onto this window.")
        )
        found = samples()
        if found:
            rows.addWidget(text("Or try one of these:", faint=True))
        for key, name in found:
            rows.addWidget(
                button(
                    name, f"Open the sample image: {name}", _opener(open_sample, key)
                )
            )


def samples() -> list[tuple[str, str]]:
    """Return key and name of every sample image of ours."""
    try:
        manifest = PluginManager.instance().get_manifest(_PLUGIN)
    except KeyError:
        return []
    offered = manifest.contributions.sample_data or []
    return [(sample.key, sample.display_name) for sample in offered]


def _opener(open_sample: Callable[[str], object], key: str) -> Callable[[], object]:
    return lambda: open_sample(key)
