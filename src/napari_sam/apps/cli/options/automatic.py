"""Options of automatic masks: how objects are found, and which stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.automatic.settings import (
    EverythingSettings,
    FilterSettings,
    InstanceSettings,
)

if TYPE_CHECKING:
    from napari_sam.apps.cli.options.from_settings import Body

_FIND = settings_options("find", EverythingSettings)
_INSTANCES = settings_options("instances", InstanceSettings)
_FILTERS = settings_options("filters", FilterSettings)


def automatic_options(body: Body) -> Body:
    """Add ``find``, ``instances`` and ``filters``: the parts of `AutomaticSettings`."""
    return _FIND(_INSTANCES(_FILTERS(body)))
