"""Reader of MRC, of electron microscopes, by mrcfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.image import Image, ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULT = ReadOptions()


def read(path: Path, options: ReadOptions = _DEFAULT) -> Image:
    """Map a volume or stack into memory, with its pixel sizes."""
    mrcfile = import_optional("mrcfile", f"{path.name} is MRC; reading it")
    file = mrcfile.mmap(path, mode="r", permissive=True)
    axes = "tzyx"[-file.data.ndim :]
    size = {a: float(file.voxel_size[a]) for a in "zyx" if a in axes}
    scale = {a: s for a, s in size.items() if s > 0}
    return Image(
        data=file.data,
        axes=axes,
        scale=scale,
        units=dict.fromkeys(scale, "angstrom"),
        metadata={"kind": "MRC"},
    )
