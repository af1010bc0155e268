"""Videos with transparency: VP9 in WebM, or ProRes 4444 in MOV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError
from napari_sam.io.optional_packages import import_optional

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["FORMS", "write_alpha_video"]


class _Form(NamedTuple):
    """How frames are encoded: encoder, layout of pixels, full opacity, and options."""

    encoder: str
    layout: str
    opaque: int
    options: Mapping[str, str]


class _Plane(Protocol):
    """One plane of a frame of PyAV."""

    height: int
    line_size: int

    def update(self, data: bytes, /) -> None:
        """Write its bytes, row by row."""


#: Which plane of a frame has its opacity.
_OPACITY = 3
#: Encoders that keep opacity, by suffix.
FORMS: Mapping[str, _Form] = MappingProxyType({
    ".webm": _Form(
        "libvpx-vp9", "yuva420p", 255, {"crf": "20", "b:v": "0", "auto-alt-ref": "0"}
    ),
    ".mov": _Form(
        "prores_ks", "yuva444p10le", 1023, {"profile": "4444", "alpha_bits": "16"}
    ),
})  # fmt: skip


def write_alpha_video(
    path: str | Path, frames: Iterator[NDArray[np.uint8]], *, rate: float
) -> int:
    """Write a video whose pixels have opacity; the file appears complete or not at all.

    Parameters
    ----------
    path
        ``.webm``: VP9, small, for browsers; ``.mov``: ProRes 4444, for editing.
    frames
        Pictures ``(y, x, 4)`` of one size; they are written one by one. Sides that are
        odd get a clear row or column.
    rate
        Frames in a second.

    Returns
    -------
    int
        Number of frames.

    Raises
    ------
    ImageError
        If the suffix is another one, or there are no frames.
    MissingPackageError
        If PyAV is not installed.
    """
    path = Path(path)
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise ImageError(f"{path}: videos with transparency are .webm or .mov.")
    av = import_optional("av", "Writing videos")
    count = 0
    with replacing(path) as temporary, av.open(str(temporary), "w") as container:
        stream = None
        for picture in map(_even, frames):
            count += 1
            if stream is None:
                stream = container.add_stream(
                    form.encoder, rate=Fraction(rate).limit_denominator(1001)
                )
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt, stream.options = form.layout, dict(form.options)
            frame = av.VideoFrame.from_ndarray(picture, format="rgba")
            frame = frame.reformat(format=form.layout)
            _write_opacity(frame.planes[_OPACITY], picture[..., 3], form.opaque)
            container.mux(stream.encode(frame))
        if stream is None:
            raise ImageError(f"{path}: there is no frame to write.")
        container.mux(stream.encode(None))
    return count


def _write_opacity(plane: _Plane, alpha: NDArray[np.uint8], opaque: int) -> None:
    """Write the opacity of a frame into its plane.

    What libswscale makes of it has, now and then, opaque pixels in clear rows.
    """
    kind = np.dtype(np.uint8 if opaque < 256 else "<u2")
    rows = np.zeros((plane.height, plane.line_size // kind.itemsize), kind)
    rows[:, : alpha.shape[1]] = (alpha.astype(np.uint32) * opaque + 127) // 255
    plane.update(rows.tobytes())


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, cols = picture.shape[:2]
    return np.ascontiguousarray(np.pad(picture, ((0, rows % 2), (0, cols % 2), (0, 0))))
