"""``napari-sam info``: versions, devices, models and caches for a bug report."""

from __future__ import annotations

import json
import os
import platform
import sys
from importlib import metadata, resources
from typing import TYPE_CHECKING

import click

from napari_sam._version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.json_values import JsonDict, JsonValue

_LIBRARIES = (
    "numpy", "scipy", "scikit-image", "torch", "safetensors", "zarr", "tifffile",
    "imageio", "pillow", "click", "pooch", "requests", "filelock",
)  # fmt: skip
_EXTRAS = {
    "napari": ("napari",),
    "notebook": ("anywidget", "ipywidgets"),
    "geo": ("rasterio", "geopandas", "shapely"),
    "formats": ("h5py", "mrcfile", "nibabel", "pydicom"),
    "vectors": ("pyarrow", "roifile"),
    "video": ("av",),
    "measure": ("pandas", "pyarrow"),
    "plots": ("matplotlib",),
    "evaluation": ("ctc_metrics",),
    "sam2": ("transformers",),
    "adapters": ("peft",),
    "dask": ("dask", "distributed"),
    "trackastra": ("trackastra",),
}


@click.command()
@click.argument("file", required=False)
@click.option("--json", "as_json", is_flag=True, help="Write it as JSON.")
def info(file: str | None, as_json: bool) -> None:
    """Show what is in FILE; without one, versions, models and caches.

    Of a file: its images, and the axes, sizes, channels, levels and coordinates of
    each, with the options that choose it. Without a file, what a bug report needs.
    """
    if file is not None:
        _print_contents(file, as_json=as_json)
        return
    found = gather()
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for title, part in found.items():
        click.echo(f"{title}:")
        for name, value in part.items():
            click.echo(f"  {name:14} {_text(value)}")


def _print_contents(file: str, *, as_json: bool) -> None:
    from napari_sam.io.contents import contents_of

    found = contents_of(file)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    click.echo(f"{file}: {len(found)} image{'s' * (len(found) != 1)}")
    for facts in found:
        chosen = facts.pop("options", None)
        if isinstance(chosen, dict):
            click.echo(" ".join(f"--{name} {value}" for name, value in chosen.items()))
        for name, value in facts.items():
            click.echo(f"  {name:14} {_text(value)}")


def gather() -> dict[str, Mapping[str, JsonValue]]:
    """Collect everything, as plain JSON types."""
    from napari_sam.core.registry import offered

    return {
        "napari-sam": {
            "version": __version__,
            "python": sys.version.split()[0],
            "system": platform.platform(),
            "machine": platform.machine(),
            "cpus": _cpus(),
        },
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "extras": {
            name: {package: _version(package) for package in packages}
            for name, packages in _EXTRAS.items()
        },
        "devices": _devices(),
        "models": dict(offered()),
        "weights": _weights(),
        "caches": {
            "embeddings": "in memory, or in the store that is given",
            "downloads": _downloads(),
        },
    }


def _cpus() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _devices() -> JsonDict:
    try:
        from napari_sam.backends.devices import describe
    except ImportError as wrong:
        return {"torch": f"cannot be imported: {wrong}"}
    return describe()


def _weights() -> dict[str, str]:
    """Files of weights inside the package, and how large they are."""
    folder = resources.files("napari_sam") / "models" / "weights"
    if not folder.is_dir():
        return {}
    files = [f for f in folder.iterdir() if f.name.endswith(".safetensors")]
    return {f.name: f"{len(f.read_bytes()) / 1e6:.1f} MB, {folder}" for f in files}


def _downloads() -> JsonDict:
    """Where downloaded models are, how large they are, and the settings of networks."""
    from napari_sam import checkpoints

    here = [m for m in checkpoints.models() if m.weights and checkpoints.is_here(m)]
    paths = [checkpoints.models_folder() / d.file for m in here for d in m.downloads]
    size = sum(path.stat().st_size for path in paths if path.is_file())
    return {
        "folder": str(checkpoints.models_folder()),
        "models": [m.name for m in here],
        "size": f"{size / 1e6:.0f} MB",
        "offline": checkpoints.is_offline(),
        "mirror": checkpoints.default_mirror() or "none",
    }


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {_text(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "not installed" if value is None else str(value)
