"""Settings of a folder that is labelled."""

from __future__ import annotations

from dataclasses import dataclass

from napari_sam.automatic.settings import SimilarSettings
from napari_sam.core.settings import setting


@dataclass(frozen=True, slots=True)
class LabelSettings(SimilarSettings):
    """Settings of which objects are labelled: fewer are dropped than by *similar*.

    What is little alike comes first in the review.
    """

    similarity: float = setting(
        0.2,
        label="Similarity",
        tip="Objects that are less similar to any example are dropped.",
        minimum=0,
        maximum=1,
        step=0.02,
    )
