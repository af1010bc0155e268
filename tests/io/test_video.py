"""Videos: the frame that is asked for is the frame that comes."""

import numpy as np
import pytest

from napari_sam.core.errors import MissingPackageError, NapariSamError
from napari_sam.io import optional_packages, read_image

av = pytest.importorskip("av")


def numbered(index):
    """A frame that says its number by which of 5 squares are bright."""
    frame = np.full((48, 80, 3), 30, np.uint8)
    for bit in range(5):
        if index >> bit & 1:
            frame[8:40, 16 * bit + 2 : 16 * bit + 14] = 220
    return frame


def number_of(frame):
    return sum(1 << bit for bit in range(5) if frame[24, 16 * bit + 8, 0] > 128)


@pytest.fixture(params=[("mpeg4", 0), ("libx264", 2)], ids=["mpeg4", "h264-b-frames"])
def film(request, tmp_path):
    codec, between = request.param
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 80, 48, "yuv420p"
        stream.codec_context.gop_size = 7
        stream.codec_context.max_b_frames = between
        for i in range(30):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(numbered(i), "rgb24")))
        out.mux(stream.encode())
    return path


def test_every_frame_is_found_in_any_order(film):
    found = read_image(film)
    assert (found.axes, found.data.shape) == ("tyxc", (30, 48, 80, 3))
    assert found.scale == {"t": pytest.approx(0.1)}
    order = [*np.random.default_rng(0).permutation(30), 29, 0, *range(30)]
    assert [number_of(found.frames[int(i)]) for i in order] == [int(i) for i in order]


def test_a_file_that_is_no_video_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video" * 99)
    with pytest.raises(NapariSamError, match=r"a\.mp4 cannot be read"):
        read_image(tmp_path / "a.mp4")


def test_without_the_package_the_command_is_named(film, monkeypatch):
    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(optional_packages, "import_module", absent)
    with pytest.raises(MissingPackageError, match="needs av: pip install av"):
        read_image(film)
