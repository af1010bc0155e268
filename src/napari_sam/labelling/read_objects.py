"""The objects of one image of a data set, as its files have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.errors import ImageError
from napari_sam.labelling.feature_files import read_features
from napari_sam.labelling.object_rows import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.automatic import ObjectFeatures
    from napari_sam.labelling.dataset_layout import DatasetLayout
    from napari_sam.labelling.object_rows import ObjectRow


class ImageObjects(NamedTuple):
    """The objects of an image.

    Attributes
    ----------
    image
        The image file.
    rows
        What is known of each.
    features
        What each looks like, in the order of the rows.
    """

    image: Path
    rows: list[ObjectRow]
    features: ObjectFeatures


def read_objects(layout: DatasetLayout, image: Path) -> ImageObjects:
    """Read the objects of an image.

    Raises
    ------
    ImageError
        If its files are damaged, or do not fit together.
    """
    table = layout.table_of(image)
    rows, features = read_rows(table), read_features(layout.features_of(image))
    if len(rows) > len(features):
        raise ImageError(
            f"{table} has {len(rows)} objects, and {len(features)} have features: "
            "label the image again, with --overwrite."
        )
    # Features of an object that a crash kept from its table are last, and too many.
    return ImageObjects(image, rows, features.chosen(range(len(rows))))
