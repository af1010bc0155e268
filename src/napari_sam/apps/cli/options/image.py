"""Options of how an image file is read and shown to the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem
from click.types import StringParamType

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.core.errors import AxesError, ImageError
from napari_sam.image.settings import AppearanceSettings
from napari_sam.io.settings import ReadSettings

if TYPE_CHECKING:
    import click

    from napari_sam.apps.cli.options.from_settings import Body


class _ImageName(StringParamType):
    """A file, a folder or a URL; shells complete names of files."""

    name = "image"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return that the shell completes names of files itself."""
        return [CompletionItem(incomplete, type="file")]


#: The type of the argument IMAGE.
IMAGE = _ImageName()


def image_options(body: Body) -> Body:
    """Add ``read: ReadSettings`` and ``appearance: AppearanceSettings``."""
    return _READ(appearance_options(body))


def _channels(text: str) -> tuple[int | str, ...]:
    return _names_or_numbers("--channels", text, ",")


def _pair(text: str) -> tuple[int | str, int | str]:
    found = _names_or_numbers("--index", text, "/")
    if len(found) != 2:
        raise AxesError(f"--index {text}: expected e.g. 4/3, or nir/red.")
    return found[0], found[1]


def _names_or_numbers(option: str, text: str, between: str) -> tuple[int | str, ...]:
    parts = [part.strip() for part in text.split(between)]
    if not all(parts):
        example = "0, 2,0,1 or DAPI" if between == "," else "4/3"
        raise AxesError(f"{option} {text}: expected e.g. {example}.")
    return tuple(int(p) if p.lstrip("-").isdigit() else p for p in parts)


def _limits(text: str) -> tuple[float, ...]:
    return _numbers("--limits", text, None)


def _percentiles(text: str) -> tuple[float, ...]:
    found = _numbers("--percentiles", text, 2)
    if not 0 <= found[0] < found[1] <= 100:
        raise ImageError(f"--percentiles {text}: expected e.g. 1,99.")
    return found


def _numbers(option: str, text: str, count: int | None) -> tuple[float, ...]:
    try:
        found = tuple(float(v) for v in text.split(","))
    except ValueError:
        found = ()
    if not found or len(found) % 2 or count not in (None, len(found)):
        raise ImageError(f"{option} {text}: expected LOW,HIGH.")
    return found


def parse_sizes(text: str) -> dict[str, float]:
    """Read sizes of pixels, such as ``z=0.5,y=0.15,x=0.15``."""
    sizes = {}
    for part in text.split(","):
        axis, _, size = part.strip().partition("=")
        try:
            sizes[axis] = float(size)
        except ValueError:
            sizes[axis] = 0.0
        if not 0 < sizes[axis] < float("inf"):
            raise ImageError(
                f"--scale {text}: expected e.g. y=0.15,x=0.15, a size for each axis."
            )
    return sizes


#: Adds ``appearance: AppearanceSettings`` to a command.
appearance_options = settings_options(
    "appearance",
    AppearanceSettings,
    metavars={
        "channels": "N|NAME[,...]",
        "index": "A/B",
        "limits": "LOW,HIGH[,...]",
        "percentiles": "LOW,HIGH",
        "gamma": "NUMBER",
    },
    parse={
        "channels": _channels,
        "index": _pair,
        "limits": _limits,
        "percentiles": _percentiles,
    },
)

_READ = settings_options(
    "read",
    ReadSettings,
    metavars={
        "axes": "LETTERS",
        "scale": "AXIS=SIZE,...",
        "unit": "NAME",
        "series": "N",
        "field": "WELL/FIELD",
        "layer": "NAME",
    },
    parse={"scale": parse_sizes},
)
