"""Chunks of a store's arrays, read and decoded without zarr's event loop.

zarr takes most of a millisecond for any chunk, and copies the large ones once more. A
click that finds its embedding on disk waits for six of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import google_crc32c
import numpy as np
from numcodecs import Blosc
from zarr.codecs import BloscCodec, BytesCodec, Crc32cCodec

if TYPE_CHECKING:
    import zarr

    from napari_sam.core.embedding import EmbeddingArray
    from napari_sam.stores.store_files import Files

#: An array on disk, open.
ZarrArray: TypeAlias = "zarr.Array[Any]"
#: Bits of like weight stand together before LZ4, as neighbours share the upper ones;
#: the checksum comes last, so that nothing damaged is ever decompressed.
CODECS = (BloscCodec(cname="lz4", clevel=5, shuffle="bitshuffle"), Crc32cCodec())
#: The lowest byte first; of one byte, no order is named.
_LITTLE = (BytesCodec(endian="little"), BytesCodec(endian=None))
#: What a checksum takes at the end of a chunk.
_CHECKSUM = 4
#: The checksum of anything with its own checksum at its end.
_RIGHT = 0x48674BC7
#: Where Blosc says how many bytes it holds.
_SIZE = slice(4, 8)
#: Any instance decompresses what any other has compressed.
_BLOSC = Blosc()


def is_plain(array: ZarrArray) -> bool:
    """Whether the chunks of an array are as `read_chunk` takes them."""
    kinds = tuple(type(codec) for codec in array.compressors)
    return (
        kinds == (BloscCodec, Crc32cCodec)
        and not array.filters
        and array.serializer in _LITTLE
        and array.chunks == (1, 1, *array.shape[2:])
        and array.metadata.encode_chunk_key((0, 0)) == "c.0.0"
    )


def read_chunk(
    files: Files, path: str, array: ZarrArray, plane: int, tile: int
) -> EmbeddingArray:
    """Return what an array holds of one tile; zeros if there is no such chunk.

    Raises
    ------
    ValueError
        If the checksum is wrong, or there are more or fewer bytes than should be.
    """
    shape, dtype = array.shape[2:], array.dtype.newbyteorder("<")
    inner = ".0" * len(shape)
    read = files.read(f"{path}/c.{plane}.{tile}{inner}")
    if read is None:
        return np.zeros(shape, dtype)
    if google_crc32c.value(read) != _RIGHT:
        raise ValueError(f"the checksum of {path} is wrong")
    body, found = memoryview(read)[:-_CHECKSUM], np.empty(shape, dtype)
    if int.from_bytes(body[_SIZE], "little") != found.nbytes:
        raise ValueError(f"{path} does not hold {found.nbytes} bytes")
    _BLOSC.decode(body, found)
    return found
