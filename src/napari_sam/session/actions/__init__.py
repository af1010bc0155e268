"""Actions: what a person did, as values; a session is the sequence of these.

Each action is a frozen dataclass in a module of its own, with its edits and its text.
Every module of this package is found by itself: a new action is a new file, and needs
no entry anywhere; those below are imported for those who type them.
"""

from napari_sam.session.actions.action import Action
from napari_sam.session.actions.add_masks import AddMasks
from napari_sam.session.actions.approve_frames import ApproveFrames
from napari_sam.session.actions.begin_track import BeginTrack
from napari_sam.session.actions.classify import Classify
from napari_sam.session.actions.commit import Commit
from napari_sam.session.actions.cut_track import CutTrack
from napari_sam.session.actions.delete import Delete
from napari_sam.session.actions.delete_from import DeleteFrom
from napari_sam.session.actions.discovery import action_from_dict, action_kinds
from napari_sam.session.actions.divide import Divide
from napari_sam.session.actions.end_track import EndTrack
from napari_sam.session.actions.fill_holes import FillHoles
from napari_sam.session.actions.join_tracks import JoinTracks
from napari_sam.session.actions.mark_absent import MarkAbsent
from napari_sam.session.actions.merge import Merge
from napari_sam.session.actions.paint import Paint
from napari_sam.session.actions.reopen_object import ReopenObject
from napari_sam.session.actions.resize import Resize
from napari_sam.session.actions.set_info import SetInfo
from napari_sam.session.actions.set_prompts import SetPrompts
from napari_sam.session.actions.split import Split
from napari_sam.session.actions.swap_tracks import SwapTracks

__all__ = [
    "Action",
    "AddMasks",
    "ApproveFrames",
    "BeginTrack",
    "Classify",
    "Commit",
    "CutTrack",
    "Delete",
    "DeleteFrom",
    "Divide",
    "EndTrack",
    "FillHoles",
    "JoinTracks",
    "MarkAbsent",
    "Merge",
    "Paint",
    "ReopenObject",
    "Resize",
    "SetInfo",
    "SetPrompts",
    "Split",
    "SwapTracks",
    "action_from_dict",
    "action_kinds",
]


def __getattr__(name: str) -> object:
    """Return what an old name means now, with a warning."""
    from napari_sam.session.renamed import renamed_class

    return renamed_class(__name__, name)
