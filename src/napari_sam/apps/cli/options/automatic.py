"""Options of automatic masks: how objects are found, and which stay."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.automatic.settings import (
    AutomaticSettings,
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
    """Add ``automatic: AutomaticSettings`` to a command."""

    @wraps(body)
    def command(
        *args: object,
        find: EverythingSettings,
        instances: InstanceSettings,
        filters: FilterSettings,
        **values: object,
    ) -> None:
        automatic = AutomaticSettings(find, instances, filters)
        body(*args, **values, automatic=automatic)

    return _FIND(_INSTANCES(_FILTERS(command)))
