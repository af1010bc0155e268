"""What a file of weights is, by its first bytes: suffixes are often wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import CheckpointError

if TYPE_CHECKING:
    from pathlib import Path

#: Bytes that tell what a file is.
_HEAD = 512
#: Beginnings of files that are no weights, and what to do about them.
_OTHERS = (
    (b"version https://git-lfs", "is a pointer of Git LFS, not the file itself: "
     "git lfs pull brings it"),
    (b"<!doctype", "is a page of HTML, such as one to log in: download the file again"),
    (b"<html", "is a page of HTML, such as one to log in: download the file again"),
    (b"<?xml", "is an answer of a server in XML: download the file again"),
    (b"\x1f\x8b", "is compressed (gzip): unpack it first"),
    (b"\x89png", "is a picture"),
    (b"\x89hdf", "is HDF5, as of Keras: expected weights of PyTorch"),
    (b"\x08\x00\x00\x00onnx", "is ONNX: expected weights of PyTorch"),
    (b"gguf", "is GGUF: expected weights of PyTorch"),
    (b"{", "is text (JSON): expected weights; download the file again"),
    (b"[", "is text (JSON): expected weights; download the file again"),
)  # fmt: skip


def refuse_other_kinds(path: Path) -> None:
    """Refuse what is often saved in place of weights, by its name.

    Raises
    ------
    CheckpointError
        If it is such a file, or empty.
    """
    head = _head(path)
    if not head:
        raise CheckpointError(f"{path} is empty: download it again.")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if _is_onnx(path, head):
        raise CheckpointError(f"{path} is ONNX: expected weights of PyTorch.")
    for beginning, what in _OTHERS:
        if head.lower().startswith(beginning) or start.startswith(beginning):
            raise CheckpointError(f"{path} {what}.")


def _is_onnx(path: Path, head: bytes) -> bool:
    """Whether a file is ONNX, which begins with its version and who wrote it."""
    return path.suffix.lower() == ".onnx" or (
        head[:1] == b"\x08" and head[2:3] == b"\x12" and b"pytorch" in head[:32]
    )


def is_safetensors(path: Path) -> bool:
    """Whether a file is safetensors, whatever its suffix."""
    head = _head(path)
    length = int.from_bytes(head[:8], "little")
    looks_so = head[8:9] == b"{" and 2 <= length <= path.stat().st_size
    return looks_so or path.suffix == ".safetensors"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)
