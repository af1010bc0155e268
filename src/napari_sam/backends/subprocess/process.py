"""The process of a model, from the side of its client."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, Any

from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection

#: Seconds that a process is given to end by itself.
_PATIENCE = 5.0
#: Seconds that it may take to start and to give its address.
_START = 120.0
#: Seconds between two looks at a process that computes, and that it may be stopped.
_POLL, _STOPPED = 1.0, 30.0


class NoProcessError(ModelError):
    """A process cannot be had here; a model may still be opened in this one."""


class ProcessEndedError(ModelError):
    """The process of the model has ended before it returned a result."""


class ModelProcess:
    """The client of a process that serves a model: starts it, and sends requests.

    Parameters
    ----------
    module
        Its name, as ``python -m`` takes it.
    options
        What the model is opened with.

    Raises
    ------
    NoProcessError
        If it does not start, or does not give its address.
    """

    def __init__(self, module: str, options: Mapping[str, str | None]) -> None:
        key = secrets.token_bytes(32)
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as wrong:
            raise NoProcessError(
                f"{sys.executable} does not start: {wrong}."
            ) from wrong
        place: list[Path] = []
        self._end = weakref.finalize(self, _terminate, self._child, place)
        setup = json.dumps({"key": key.hex(), "options": dict(options)})
        try:
            self._key, self._address = key, _handshake(self._child, setup)
        except BaseException:
            self._end()
            raise
        if isinstance(self._address, str) and sys.platform != "win32":
            place.append(Path(self._address).parent)
        self._idle: list[Connection] = []
        self._lock = threading.Lock()

    def request(self, command: str, *arguments: object) -> Any:
        """Send a request, from any thread, and return its result.

        Raises
        ------
        ProcessEndedError
            If the process has ended.
        Exception
            What was raised there.
        """
        try:
            connection = self._connection()
            connection.send((command, arguments))
            self._wait_for(connection)
            outcome, result = connection.recv()
        except (EOFError, OSError, AuthenticationError) as gone:
            raise ProcessEndedError(self._exit_reason()) from gone
        with self._lock:
            self._idle.append(connection)
        if outcome == "failed":
            raise result
        return result

    def end(self) -> None:
        """End the process, and wait until it has ended."""
        self._end()

    def _wait_for(self, connection: Connection) -> None:
        """Wait for a response, however long it takes, of a process that runs.

        Raises
        ------
        OSError
            If it was stopped, and does not go on within `_STOPPED` seconds.
        """
        stopped = 0.0
        while not connection.poll(_POLL):
            stopped = stopped + _POLL if _is_stopped(self._child.pid) else 0.0
            if stopped >= _STOPPED:
                self._child.kill()
                raise OSError("it was stopped")

    def _connection(self) -> Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return Client(self._address, authkey=self._key)

    def _exit_reason(self) -> str:
        try:
            code = self._child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            return "it does not respond"
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _handshake(child: subprocess.Popen[str], setup: str) -> str | tuple[str, int]:
    """Send the setup of the model; return the address of the server."""
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        child.stdin.write(f"{setup}\n")
        child.stdin.flush()
        reply = _first_line(child)
        child.stdout.close()
        address = json.loads(reply)["address"]
    except (OSError, ValueError, LookupError, TypeError) as wrong:
        raise NoProcessError(
            f"the process of the model wrote {reply!r} instead of its address"
            if not isinstance(wrong, OSError)
            else f"the process of the model ended at once: {wrong}"
        ) from wrong
    return tuple(address) if isinstance(address, list) else address


def _first_line(child: subprocess.Popen[str]) -> str:
    """Read the address, as long as a process may take to start.

    Raises
    ------
    OSError
        If nothing came in time.
    """
    assert child.stdout is not None
    found: list[str] = []
    reader = threading.Thread(
        target=lambda: found.append(child.stdout.readline() if child.stdout else ""),
        daemon=True,
    )
    reader.start()
    reader.join(_START)
    if not found:
        child.kill()
        reader.join(_PATIENCE)
        raise OSError(f"it did not start within {_START:g} seconds")
    return found[0]


def _is_stopped(pid: int) -> bool:
    """Whether a process was stopped by a signal, where the system says so."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[:1] in (["T"], ["t"])


def _terminate(child: subprocess.Popen[str], place: list[Path]) -> None:
    """End a process, and delete the folder of its socket, however it ended."""
    if child.stdin is not None:
        with suppress(OSError):  # it ended before it had read all that was written
            child.stdin.close()
    try:
        child.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    for folder in place:
        rmtree(folder, ignore_errors=True)
