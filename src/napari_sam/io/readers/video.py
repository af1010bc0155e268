"""Reader of videos, by PyAV: every frame exactly by its index."""

from __future__ import annotations

from bisect import bisect_right
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NotAnImageError
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.image import Image
from napari_sam.io.readers.lazy import FileArray, StackReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av import VideoFrame
    from numpy.typing import NDArray


def read_video(path: Path) -> Image:
    """Open the first video stream of a file, axes ``tyxc``, 8-bit RGB.

    The file is scanned once, without decoding, for the time of every frame.
    """
    import_optional("av", f"{path.name} is a video; reading it")
    video = _Video(path)
    shape = (len(video.times), *video.shape, 3)
    rate = video.rate
    return Image(
        data=FileArray(path, shape, np.uint8, StackReader(video.frame, most=16)),
        axes="tyxc",
        scale={"t": 1 / rate} if rate else {},
        units={"t": "second"} if rate else {},
        metadata={"kind": "video"},
    )


class _Video:
    """Frames of a video by index, decoded from the key frame before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._frames: Iterator[VideoFrame] = iter(())
        self._next = -1
        self._open()
        self.rate = float(self._stream.average_rate or 0)
        self.times, self._keys = self._index()
        if not self.times:
            raise NotAnImageError(f"{path} holds no frame.")
        first = self.frame(0)
        self.shape = first.shape[:2]

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Decode a frame, ``(y, x, 3)``."""
        with self._lock:
            if index != self._next:
                self._go_before(index)
            found = self._decode_until(index)
            if found is None:  # the key frame refers to frames before it
                self._open()
                found = self._decode_until(index)
            if found is None:
                self._next = -1
                raise NotAnImageError(f"{self.path}: frame {index} cannot be decoded.")
            self._next = index + 1
            turns = round(found.rotation / 90)  # as a phone was held
            pixels = np.asarray(found.to_ndarray(format="rgb24"))
            return np.ascontiguousarray(np.rot90(pixels, turns))

    def _open(self) -> None:
        import av

        self._container = av.open(str(self.path))
        if not self._container.streams.video:
            raise NotAnImageError(f"{self.path} holds no video.")
        self._stream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._frames = self._container.decode(self._stream)

    def _index(self) -> tuple[list[int], list[int]]:
        """Return the times of all frames, and of key frames, as they are shown."""
        packets = [p for p in self._container.demux(self._stream) if p.size]
        times: list[int | None] = [p.pts for p in packets if not p.is_discard]
        keys = sorted(p.pts for p in packets if p.is_keyframe and p.pts is not None)
        self._open()
        if None in times or len(set(times)) != len(times):
            times, keys = [f.pts for f in self._frames], []
            self._open()
            if None in times or len(set(times)) != len(times):
                raise NotAnImageError(
                    f"{self.path} has no valid times of its frames. Convert it: "
                    "ffmpeg -i VIDEO -c:v libx264 -crf 12 new.mp4"
                )
        return sorted(t for t in times if t is not None), keys

    def _go_before(self, index: int) -> None:
        time = self.times[index]
        before = bisect_right(self._keys, time)
        if before == 0:
            self._open()
            return
        key = self._keys[before - 1]
        self._container.seek(key, stream=self._stream, backward=True)
        self._frames = self._container.decode(self._stream)

    def _decode_until(self, index: int) -> VideoFrame | None:
        time = self.times[index]
        for frame in self._frames:
            if frame.pts == time:
                return frame
            if frame.pts is not None and frame.pts > time:
                return None
        return None
