"""Give every reader small valid files with bytes changed, and report what is not ours.

    python scripts/fuzz.py --minutes 10 --seed 1

A finding is any of: an exception that is not of `napari_sam.core.errors`, a message of
more than one line, a reader that takes more than a minute, a file left behind. Each is
printed with what repeats it; the exit code is 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam import PromptableImage, Prompts
from napari_sam.core.address import Address
from napari_sam.core.embedding import EmbeddingKey
from napari_sam.core.errors import NapariSamError
from napari_sam.core.progress import drain
from napari_sam.core.prompts import json_csv
from napari_sam.io import Image
from napari_sam.session import AnnotationSession
from napari_sam.session.persistence.journal import Journal
from napari_sam.session.persistence.record import Record, read_record, write_record
from napari_sam.session.persistence.recovery import restore
from napari_sam.session.persistence.replay import only, replay
from napari_sam.stores.zarr_store import ZarrStore
from napari_sam.testing import ThresholdBackend

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds that a reader may take.
LONGEST = 60
#: What is put in place of a number of JSON.
ODD = (None, [], {}, "", "x", -1, 0, 1e308, float("nan"), 2**70, True, [[[[]]]])


class TooSlowError(Exception):
    """A reader took longer than `LONGEST`."""


@dataclass(frozen=True)
class Reader:
    """A kind of file: how a valid one is made, and what reads it."""

    name: str
    make: Callable[[Path], None]
    read: Callable[[Path], object]


def picture() -> np.ndarray:
    """Two squares on a plane of 32 pixels."""
    pixels = np.zeros((32, 32), np.uint8)
    pixels[4:14, 4:14] = pixels[18:28, 18:28] = 200
    return pixels


def image() -> PromptableImage:
    """The picture with a model that needs no weights."""
    return PromptableImage(picture(), ThresholdBackend())


def session() -> AnnotationSession:
    """Two objects, one of them painted on."""
    made = AnnotationSession(image())
    for row, col in ((8, 8), (22, 22)):
        made.current = Address(0, made.state.free_id())
        made.add_point(row, col)
        made.commit()
    return made


def key() -> EmbeddingKey:
    """The one embedding of the store."""
    return EmbeddingKey(
        model="model", tiling="whole", grid=(1, 0, 1), at=(0, 0, 0),
        digest="pixels", plane_shape=(32, 32),
    )  # fmt: skip


def prompts() -> dict[Address, Prompts]:
    """Prompts of two objects."""
    first = Prompts.point(8, 8).rectangle(2, 2, 16, 16)
    return {Address(0, 1): first, Address(0, 2): Prompts.point(22, 22)}


def points() -> dict[Address, Prompts]:
    """Prompts that fit into a table."""
    return {at: Prompts(one.points + one.boxes) for at, one in prompts().items()}


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8."""
    path.write_text(text, "utf-8")


def make_journal(path: Path) -> None:
    """Write a journal under the name of the file."""
    journal = Journal(session(), folder=path.parent)
    journal.flush()
    journal.close()
    assert journal.path is not None
    journal.path.rename(path)


def make_coco(path: Path) -> None:
    """Write an image and its objects as COCO."""
    import imageio.v3 as iio

    path.mkdir()
    iio.imwrite(path / "a.png", picture())
    ring = [4, 4, 14, 4, 14, 14, 4, 14]
    about = {
        "images": [{"id": 1, "file_name": "a.png", "height": 32, "width": 32}],
        "categories": [{"id": 1, "name": "cell"}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [ring],
             "bbox": [4, 4, 10, 10], "area": 100, "iscrowd": 0}
        ],
    }  # fmt: skip
    (path / "annotations.json").write_text(json.dumps(about))


def read_coco(path: Path) -> object:
    """Read every image and its labels."""
    from napari_sam.datasets.labelled_images import read_labelled_images

    return [one.labels for one in read_labelled_images(path, layout="coco")]


def make_geojson(path: Path) -> None:
    """Write two polygons."""
    ring = [[4, 4], [14, 4], [14, 14], [4, 14], [4, 4]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {"id": 3}, "geometry": geometry}
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature] * 2})
    )


def read_vectors(path: Path) -> object:
    """Read prompts of whatever form for the picture."""
    from napari_sam import io

    shown = path.with_name("shown.png")
    make_png(shown)
    return io.read_prompts(path, image=io.read_image(shown))


def make_png(path: Path) -> None:
    """Write the picture, in the form that the suffix says."""
    import imageio.v3 as iio

    iio.imwrite(path, picture())


def make_tiff(path: Path) -> None:
    """Write the picture as a compressed, tiled TIFF."""
    import tifffile

    tifffile.imwrite(path, picture(), compression="zlib", tile=(16, 16))


def make_zarr(path: Path) -> None:
    """Write the picture as an array of zarr."""
    import zarr

    zarr.create_array(path, data=picture(), chunks=(16, 16), dimension_names=("y", "x"))


def read_image(path: Path) -> object:
    """Read all pixels."""
    from napari_sam import io

    return np.asarray(io.read_image(path).frames[0])


def on_map() -> Image:
    """Return the picture as a raster in UTM."""
    transform = (1.0, 0.0, 5e5, 0.0, -1.0, 5e6)
    return Image(data=picture(), axes="yx", crs="EPSG:32633", transform=transform)


def make_table(path: Path) -> None:
    """Write two polygons in a format of geopandas."""
    from napari_sam import io

    io.write_labels(path, (picture() > 0).astype(np.uint8), like=on_map())


def read_table(path: Path) -> object:
    """Read prompts of a table on the raster."""
    from napari_sam import io

    return io.read_prompts(path, image=on_map())


def make_rois(path: Path) -> None:
    """Write two regions of ImageJ."""
    import roifile

    ring = np.array([[4, 4], [14, 4], [14, 14], [4, 14]])
    rois = [roifile.ImagejRoi.frompoints(ring, name=str(n)) for n in (3, 7)]
    if path.suffix == ".roi":
        rois[0].tofile(path)
    else:
        roifile.roiwrite(path, rois)


def make_raster(path: Path) -> None:
    """Write the picture by rasterio."""
    import rasterio

    driver = {".asc": "AAIGrid", ".bil": "EHdr", ".dat": "ENVI"}.get(path.suffix)
    with rasterio.open(
        path, "w", driver=driver or "GTiff", count=1, height=32, width=32,
        dtype="uint8" if driver != "AAIGrid" else "int32",
        transform=rasterio.Affine(2, 0, 100, 0, -2, 500),
    ) as out:  # fmt: skip
        out.write(picture()[None].astype("int32" if driver == "AAIGrid" else "uint8"))


def make_arrays(path: Path) -> None:
    """Write the picture as an array of numpy or HDF5."""
    if path.suffix == ".h5":
        import h5py

        with h5py.File(path, "w") as out:
            out["picture"] = picture()
    elif path.suffix == ".npz":
        np.savez(path, picture=picture())
    else:
        np.save(path, picture())


def make_packed_zarr(path: Path) -> None:
    """Write the picture as an array of zarr in one file."""
    import zarr

    with zarr.storage.ZipStore(path, mode="w") as store:
        zarr.create_array(store, data=picture(), chunks=(16, 16))


def make_ome(path: Path) -> None:
    """Write labels as OME-Zarr, or a stack as OME-TIFF."""
    if path.suffix == ".zarr":
        from napari_sam.io import write_labels

        write_labels(path, (picture() > 0).astype(np.uint8), axes="yx")
        return
    import tifffile

    stack = np.stack([picture(), picture()])
    tifffile.imwrite(path, stack, ome=True, metadata={"axes": "CYX"})


def make_scan(path: Path) -> None:
    """Write the picture as a volume of medicine or of electron microscopy."""
    stack = np.stack([picture(), picture()])
    if path.suffix == ".nii":
        import nibabel

        nibabel.save(nibabel.Nifti1Image(stack, np.eye(4)), path)
    elif path.suffix == ".mrc":
        import mrcfile

        with mrcfile.new(path) as out:
            out.set_data(stack.astype(np.int16))
    else:
        make_dicom(path)


def make_dicom(path: Path) -> None:
    """Write the picture as DICOM."""
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    out = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    out.Rows = out.Columns = 32
    out.BitsAllocated = out.BitsStored = 8
    out.HighBit, out.PixelRepresentation, out.SamplesPerPixel = 7, 0, 1
    out.PhotometricInterpretation = "MONOCHROME2"
    out.PixelData = picture().tobytes()
    pydicom.dcmwrite(path, out)


def read_labels(path: Path) -> object:
    """Read all labels."""
    from napari_sam import io

    return np.asarray(io.read_label_image(path).frames[0])


def make_world(path: Path) -> None:
    """Write the picture with its place beside it."""
    make_png(path)
    path.with_suffix(".pgw").write_text("2\n0\n0\n-2\n101\n499\n")
    side = "<PAMDataset><SRS>EPSG:32633</SRS></PAMDataset>"
    path.with_name(f"{path.name}.aux.xml").write_text(side)


def make_weights(path: Path) -> None:
    """Write a few tensors."""
    import torch
    from safetensors.torch import save_file

    state = {"a": torch.zeros(3), "image_encoder.b": torch.ones(2, 2)}
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({"state_dict": state}, path)


def read_weights(path: Path) -> object:
    """Read a checkpoint."""
    from napari_sam.backends.weight_files import identify

    return identify(path)


def make_store(path: Path) -> None:
    """Write a store of one embedding."""
    ZarrStore(path).put(key(), {"a": np.ones((2, 3), np.float32)})


def read_store(path: Path) -> object:
    """Read, verify and count a store; what is found must be what was written."""
    store = ZarrStore(path, mode="r")
    found = store.get(key())
    if found is not None and not (found.arrays["a"] == 1).all():
        raise ValueError("the store gave another embedding")
    return store.verify(), store.info()


READERS = (
    Reader("a.json", lambda p: write_text(p, json_csv.to_json(prompts())),
           read_vectors),
    Reader("a.csv", lambda p: write_text(p, json_csv.to_csv(points())), read_vectors),
    Reader("a.geojson", make_geojson, read_vectors),
    Reader("a.session.json", lambda p: write_record(Record.of(session()), p),
           lambda p: drain(replay(read_record(p), only(image())))),
    Reader("a.jsonl", make_journal, lambda p: restore(p, image())),
    Reader("store", make_store, read_store),
    Reader("coco", make_coco, read_coco),
    Reader("a.png", make_png, read_image),
    Reader("a.jpg", make_png, read_image),
    Reader("a.bmp", make_png, read_image),
    Reader("a.tif", make_tiff, read_image),
    Reader("a.zarr", make_zarr, read_image),
    Reader("a.ppm", make_png, read_image),
    Reader("a.gif", make_png, read_image),
    Reader("a.webp", make_png, read_image),
    Reader("a.jp2", make_png, read_image),
    Reader("labels.tif", make_tiff, read_labels),
    Reader("labels.png", make_png, read_labels),
    Reader("a.ome.tif", make_ome, read_image),
    Reader("a.ome.zarr", make_ome, read_labels),
    Reader("a.zarr.zip", make_packed_zarr, read_image),
    Reader("geo.tif", make_raster, read_image),
    Reader("a.asc", make_raster, read_image),
    Reader("a.bil", make_raster, read_image),
    Reader("a.dat", make_raster, read_image),
    Reader("a.npy", make_arrays, read_image),
    Reader("a.npz", make_arrays, read_image),
    Reader("a.h5", make_arrays, read_image),
    Reader("a.nii", make_scan, read_image),
    Reader("a.mrc", make_scan, read_image),
    Reader("a.dcm", make_scan, read_image),
    Reader("world/a.png", make_world, read_image),
    Reader("a.gpkg", make_table, read_table),
    Reader("a.shp", make_table, read_table),
    Reader("a.fgb", make_table, read_table),
    Reader("a.kml", make_table, read_table),
    Reader("a.parquet", make_table, read_table),
    Reader("a.roi", make_rois, read_vectors),
    Reader("a.zip", make_rois, read_vectors),
    Reader("a.safetensors", make_weights, read_weights),
    Reader("a.pt", make_weights, read_weights),
)  # fmt: skip


def mutated(rng: np.random.Generator, content: bytes) -> bytes:
    """Change a few bytes, cut, repeat, or put something odd into JSON."""
    kind = int(rng.integers(7))
    broken = bytearray(content)
    if kind == 0 and (odd := odd_json(rng, content)) is not None:
        return odd
    if kind == 1:
        return bytes(broken[: int(rng.integers(len(broken) + 1))])
    if kind == 2:
        return b"[" * 50_000
    if kind == 3:
        return content.decode("latin1").encode("utf-16")
    for _ in range(int(rng.integers(1, 9))):
        if broken:
            broken[int(rng.integers(len(broken)))] = int(rng.integers(256))
    return bytes(broken)


def odd_json(rng: np.random.Generator, content: bytes) -> bytes | None:
    """Replace one value of JSON; None if this is none."""
    try:
        data = json.loads(content)
    except ValueError:
        return None
    inner = data
    while isinstance(inner, dict | list) and inner:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        at = keys[int(rng.integers(len(keys)))]
        if not isinstance(inner[at], dict | list) or rng.random() < 0.3:
            inner[at] = ODD[int(rng.integers(len(ODD)))]
            break
        inner = inner[at]
    return json.dumps(data).encode()


def attack(reader: Reader, folder: Path, rng: np.random.Generator) -> str | None:
    """Read one broken file; return what is wrong with how that went."""
    path = folder / reader.name
    path.parent.mkdir(exist_ok=True)
    reader.make(path)
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    victim = files[int(rng.integers(len(files)))]
    victim.write_bytes(mutated(rng, victim.read_bytes()))
    before = listed(folder)
    wrong = went_wrong(reader, path)
    left = sorted(listed(folder) - before - {Path("shown.png")})
    if wrong is None and left:
        return f"left behind: {', '.join(map(str, left))} at {left[0].name}"
    return wrong


def listed(folder: Path) -> set[Path]:
    """All files and folders in a folder."""
    return {f.relative_to(folder) for f in folder.rglob("*")}


def went_wrong(reader: Reader, path: Path) -> str | None:
    """Read a file; return what is wrong with how that went."""
    try:
        signal.alarm(LONGEST)
        reader.read(path)
    except NapariSamError as refused:
        if "\n" in str(refused):
            return f"more than one line: {refused}"
    except OSError as refused:
        # The command line says these in one line; messages of ours are better.
        if "\n" in str(refused):
            return f"more than one line: {refused}"
    except BaseException as wrong:
        if isinstance(wrong, KeyboardInterrupt):
            raise
        where = traceback.extract_tb(wrong.__traceback__)
        ours = [f for f in where if "napari_sam" in f.filename][-1:] or where[-1:]
        return f"{type(wrong).__name__} {wrong} at {ours[0].filename}:{ours[0].lineno}"
    finally:
        signal.alarm(0)
    return None


def too_slow(*_: object) -> None:
    """End what takes too long."""
    raise TooSlowError


def main() -> int:
    """Attack until the time is over; return 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="readers whose name holds this")
    given = parser.parse_args()
    signal.signal(signal.SIGALRM, too_slow)
    warnings.simplefilter("ignore")
    end, found, count = time.monotonic() + 60 * given.minutes, {}, 0
    readers = [r for r in READERS if given.only in r.name]
    while time.monotonic() < end:
        reader = readers[count % len(readers)]
        rng = np.random.default_rng((given.seed, count))
        folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        try:
            wrong = attack(reader, folder, rng)
        finally:
            shutil.rmtree(folder)
        if wrong is not None and (reader.name, wrong.split(" at ")[-1]) not in found:
            found[reader.name, wrong.split(" at ")[-1]] = count
            print(f"{reader.name}, round {count}: {wrong[:300]}", flush=True)
        count += 1
    print(f"{count} files, {len(found)} findings, seed {given.seed}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
