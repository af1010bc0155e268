"""Checkpoints by name: the catalogue, downloads and their verification.

Nothing here opens a file of weights; that is for the backends. So neither torch nor
the network is needed to list what there is.
"""

from napari_sam.checkpoints.catalogue import find, models, word_models
from napari_sam.checkpoints.download import (
    decoder_path,
    download,
    is_here,
    iter_download,
    model_path,
    path,
    weights_path,
)
from napari_sam.checkpoints.entries import Download, ModelEntry, Preprocessing
from napari_sam.checkpoints.environment import (
    default_mirror,
    is_offline,
    models_folder,
)
from napari_sam.checkpoints.transfer import Patience
from napari_sam.checkpoints.user_models import add, check_name, remove
from napari_sam.checkpoints.verification import Verified, verify
from napari_sam.core.home import home

__all__ = [
    "Download",
    "ModelEntry",
    "Patience",
    "Preprocessing",
    "Verified",
    "add",
    "check_name",
    "decoder_path",
    "default_mirror",
    "download",
    "find",
    "home",
    "is_here",
    "is_offline",
    "iter_download",
    "model_path",
    "models",
    "models_folder",
    "path",
    "remove",
    "verify",
    "weights_path",
    "word_models",
]
