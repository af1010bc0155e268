"""All that a session knows: labels, prompts and objects. It changes through edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address
from napari_sam.core.propagation import State
from napari_sam.session.address_table import AddressTable
from napari_sam.session.labels.label_store import LabelStore
from napari_sam.session.object_table import ObjectInfo, ObjectTable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.mask import Mask
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.propagation import Edge, ObjectState
    from napari_sam.session.labels.arrays import LabelArray


class SessionState:
    """Labels, prompts and objects of one image.

    Parameters
    ----------
    frames
        The image.
    labels
        Objects that are there already; by default, none.

    Attributes
    ----------
    frames
        The image.
    labels, footprints
        The labels, and where each object lies in them.
    open_prompts
        Prompts whose masks are not in the labels, or are to be corrected.
    committed_prompts
        Prompts whose masks are in the labels.
    tracked
        How it is known where an object is on a frame, where no person has said it by
        prompts or by hand: propagated, approved or absent.
    edges
        Divisions and merges of objects.
    objects
        Names, classes and the like, by the number of the object.
    """

    def __init__(self, frames: Frames, labels: LabelArray | None = None) -> None:
        self.frames = frames
        self.labels = LabelStore(frames, labels)
        self.footprints = self.labels.footprints
        self.open_prompts: AddressTable[Prompts] = AddressTable()
        self.committed_prompts: AddressTable[Prompts] = AddressTable()
        self.tracked: AddressTable[ObjectState] = AddressTable()
        self.edges: frozenset[Edge] = frozenset()
        self.objects = ObjectTable()
        for object_id in self.footprints.object_ids:
            self.objects.put(object_id, ObjectInfo(status="committed"))

    def read(self, frame: int, region: Region) -> NDArray[np.integer]:
        """Return a copy of the labels of a part of a plane."""
        return self.labels.read(frame, region)

    def of_object(self, object_id: int) -> list[Address]:
        """Return where an object has pixels, frame by frame."""
        return self.footprints.of_object(object_id)

    def mask(self, at: Address) -> Mask:
        """Return the pixels of an object in a plane.

        Raises
        ------
        SessionError
            If it has none there.
        """
        return self.labels.mask(at)

    def approved_on(self, frame: int) -> frozenset[int]:
        """Return the objects that nothing may change on a frame."""
        here = self.footprints.in_frame(frame) if self.tracked else []
        ats = (Address(frame, i) for i in here)
        own = (at.object_id for at in ats if self.known(at) is State.APPROVED)
        return frozenset(self.objects.approved).union(own)

    def known(self, at: Address) -> State | None:
        """Return how it is known where an object is on a frame; None if it is not."""
        found = self.tracked.get(at)
        if found is not None:
            return found.state
        return State.PROMPTED if at in self.footprints else None

    def is_decided(self, at: Address) -> bool:
        """Whether a person has said where an object is on a frame, or that it is not.

        Propagation changes no such frame.
        """
        return self.known(at) not in (None, State.PROPAGATED)

    def free_id(self) -> int:
        """Return the number of the next object: after the largest in use."""
        return self.objects.free_id()

    def free_ids(self, count: int) -> list[int]:
        """Return the numbers of the next objects."""
        return self.objects.free_ids(count)
