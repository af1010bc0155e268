"""Files of features: what objects look like, as arrays in ``.npz``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from napari_sam.automatic import ObjectFeatures
from napari_sam.automatic.descriptors import Descriptors
from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

_COLUMNS = ("features", "areas", "light", "shapes")


def write_features(path: Path, objects: ObjectFeatures) -> None:
    """Write features; the file appears whole or not at all."""
    write_arrays(path, feature_arrays(objects))


def read_features(path: Path) -> ObjectFeatures:
    """Read what `write_features` wrote.

    Raises
    ------
    ImageError
        If it cannot be read.
    """
    with reading_arrays(path, "features") as file:
        return features_in(file)


@contextmanager
def reading_arrays(
    path: Path, what: str
) -> Iterator[Mapping[str, NDArray[np.float32]]]:
    """Open what `write_arrays` wrote; a file that lacks something cannot be read.

    Raises
    ------
    ImageError
        If it cannot be read; `what` says what it should be.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            yield file
    except (OSError, ValueError, KeyError) as wrong:
        raise ImageError(f"{path} cannot be read as {what}: {wrong}.") from None


def write_arrays(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Write arrays as ``.npz``."""
    with replacing(path) as temporary, ZipFile(temporary, "w", ZIP_DEFLATED) as file:
        for name, values in arrays.items():
            with file.open(f"{name}.npy", "w") as entry:
                np.save(entry, values, allow_pickle=False)


def feature_arrays(
    objects: ObjectFeatures, prefix: str = ""
) -> dict[str, NDArray[np.generic]]:
    """Return features as arrays, whose names begin with `prefix`."""
    looks = objects.looks
    values = (looks.features, looks.areas, looks.light, objects.shapes)
    return {
        f"{prefix}{name}": np.asarray(value, np.float32)
        for name, value in zip(_COLUMNS, values, strict=True)
    }


def features_in(
    file: Mapping[str, NDArray[np.float32]], prefix: str = ""
) -> ObjectFeatures:
    """Return features of arrays whose names begin with `prefix`."""
    features, areas, light, shapes = (file[f"{prefix}{name}"] for name in _COLUMNS)
    return ObjectFeatures(Descriptors(features, areas.astype(float), light), shapes)
