"""Transfer of a file from a server, resumed where an earlier try was cut."""

from __future__ import annotations

import errno
import os
import re
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam._version import __version__
from napari_sam.core.errors import CheckpointError
from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from requests import Response

#: Bytes between two steps. At most so many are lost in a cut.
_CHUNK = 1 << 16
#: Bytes after which a server that says no size is not believed to come to an end.
_LARGEST = 1 << 35
#: Answers that may be better a moment later.
_BUSY = (408, 425, 429, 500, 502, 503, 504)
#: "bytes 100-199/200", or "bytes */200" where the file ends before the range.
_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Patience:
    """Timeouts and retries of a download.

    Attributes
    ----------
    timeout
        Seconds without a single byte after which a try is given up.
    tries
        Tries in a row that may bring nothing new.
    wait
        Seconds before the second of them; twice as long before each further one.
    """

    timeout: float = 30.0
    tries: int = 5
    wait: float = 1.0


class GivenUpError(CheckpointError):
    """A download failed on every retry."""


class _Cut(Exception):
    """One try came to nothing, and another may not."""


def iter_fetch(
    url: str, part: Path, *, size: int | None = None, patience: Patience
) -> Generator[Progress, None, None]:
    """Bring `part` to its full length. Closing the generator keeps what is there.

    Parameters
    ----------
    url
        Of the file, http or https.
    part
        Where the bytes go; what an earlier call left there is gone on from.
    size
        Bytes, if known.
    patience
        When to give up.

    Raises
    ------
    CheckpointError
        If the server has no such file, cannot be reached, or keeps cutting the
        connection; or if the disk is full.
    """
    furthest, failures = _length(part), 0
    while True:
        try:
            yield from _iter_try(url, part, size, patience)
            return
        except _Cut as cut:
            reached = _length(part)
            failures = 1 if reached > furthest else failures + 1
            furthest = max(reached, furthest)
            if failures >= patience.tries:
                raise GivenUpError(_give_up(url, part, str(cut))) from cut
            wait = patience.wait * 2 ** (failures - 1)
            yield Progress(reached, size or 0, f"{cut}; trying again")
            time.sleep(wait)


def _iter_try(
    url: str, part: Path, size: int | None, patience: Patience
) -> Generator[Progress, None, None]:
    """Send one request, and write the response."""
    import requests

    offset = _length(part)
    if size is not None and offset == size:
        return
    try:
        with requests.get(
            url,
            headers=_request_headers(part, offset),
            stream=True,
            timeout=patience.timeout,
        ) as response:
            if _is_complete(response, part, offset):
                return
            _refuse(response, url)
            start = _start(response, part, offset)
            yield from _iter_write(response, part, start, size)
    except (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema) as wrong:
        raise CheckpointError(f"{url} is no address of a server: {wrong}") from wrong
    except requests.RequestException as wrong:
        raise _Cut(_reason(wrong, patience)) from wrong


def _iter_write(
    response: Response, part: Path, start: int, size: int | None
) -> Generator[Progress, None, None]:
    """Write the body from `start` on, up to the known size and no further."""
    total = _total(response, start, size)
    make_room(part, total - start)
    done, limit = start, total or _LARGEST
    # The end of a body that is cut would be lost; what is missing is counted here.
    response.raw.enforce_content_length = False
    with writing(part, start) as out:
        yield Progress(done, total, "downloading")
        for chunk in response.iter_content(_CHUNK):
            out.write(chunk[: limit - done])
            done = min(done + len(chunk), limit)
            yield Progress(done, total, "downloading")
            if done == limit:
                break
    if done < total:
        raise _Cut(f"the connection was cut after {done} of {total} bytes")


def _total(response: Response, start: int, size: int | None) -> int:
    """Bytes that the file will have, 0 if nobody knows; our size before the server's.

    A server may promise any length, or none. One that promises less than our size, such
    as for a page to log in, has sent what it has: the hash tells.
    """
    promised = response.headers.get("Content-Length", "").strip()
    if not (promised.isascii() and promised.isdigit()):
        return size or 0
    total = start + int(promised[:18])
    return total if size is None else min(total, size)


@contextmanager
def writing(part: Path, start: int) -> Iterator[BinaryIO]:
    """Open a partial file at an offset; what was written is on the disk afterwards.

    Raises
    ------
    CheckpointError
        If the disk is full.
    """
    try:
        with part.open("r+b" if start else "wb") as out:
            out.seek(start)
            out.truncate()
            yield out
            out.flush()
            os.fsync(out.fileno())
    except OSError as wrong:
        if wrong.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise CheckpointError(
            f"The disk of {part.parent} is full. Make room and ask again: the download "
            f"goes on from {_length(part)} bytes."
        ) from wrong


def make_room(part: Path, missing: int) -> None:
    """Raise an error if the disk has no room for a download.

    Raises
    ------
    CheckpointError
        If so.
    """
    free = shutil.disk_usage(part.parent).free
    if missing > free:
        raise CheckpointError(
            f"{part.parent} has {free / 1e6:.0f} MB left, and {missing / 1e6:.0f} MB "
            "are still to come. Make room and ask again: what is there is kept. Or "
            "let NAPARI_SAM_HOME name a folder on another disk."
        )


def discard(part: Path) -> None:
    """Delete a partial download, and the note beside it."""
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def _request_headers(part: Path, offset: int) -> dict[str, str]:
    """Headers that request the missing bytes, if the file is still the same."""
    headers = {"Accept-Encoding": "identity", "User-Agent": f"napari-sam/{__version__}"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
        if _tag(part).is_file():
            headers["If-Range"] = _tag(part).read_text()
    return headers


def _is_complete(response: Response, part: Path, offset: int) -> bool:
    """Whether the server says that there is nothing after what we have."""
    if response.status_code != 416:
        return False
    said = response.headers.get("Content-Range", "")
    found = _RANGE.fullmatch(said)
    # Some say nothing but that. Then the hash tells whether we have all of the file.
    if offset and (not said or (found and found[2] == str(offset))):
        return True
    discard(part)
    raise _Cut(f"the server has not the {offset} bytes that an earlier try left")


def _refuse(response: Response, url: str) -> None:
    status = response.status_code
    if status in _BUSY:
        raise _Cut(f"the server answered {status} {response.reason}")
    if status in (401, 403):
        raise CheckpointError(f"The server does not give {url} away ({status}).")
    if status not in (200, 206):
        raise CheckpointError(
            f"There is no file at {url} ({status} {response.reason})."
        )


def _start(response: Response, part: Path, offset: int) -> int:
    """Where the body begins in the file: 0 for a server that knows no ranges."""
    tag = response.headers.get("ETag", "")
    before = _tag(part).read_text() if offset and _tag(part).is_file() else tag
    if response.status_code == 206:
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if not found or found[1] != str(offset) or tag != before:
            discard(part)
            raise _Cut("the server sent another range of the file than was requested")
        return offset
    _tag(part).unlink(missing_ok=True)
    if tag and not tag.startswith("W/"):
        _tag(part).write_text(tag)
    return 0


def _tag(part: Path) -> Path:
    """Where the server's name for this version of the file is noted."""
    return part.with_name(part.name + ".etag")


def _length(part: Path) -> int:
    return part.stat().st_size if part.is_file() else 0


def _reason(wrong: Exception, patience: Patience) -> str:
    import requests

    if isinstance(wrong, requests.exceptions.Timeout) or "timed out" in str(wrong):
        return f"not a byte came in {patience.timeout:g} s"
    if isinstance(wrong, requests.exceptions.ChunkedEncodingError):
        return "the connection was cut"
    return f"the server cannot be reached ({type(wrong).__name__})"


def _give_up(url: str, part: Path, why: str) -> str:
    length = _length(part)
    later = f" {length} bytes are here: a retry goes on from there." if length else ""
    return (
        f"{url} could not be downloaded: {why}.{later} Or download it elsewhere and "
        f"save it as {part.with_suffix('')}."
    )
