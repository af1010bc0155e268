"""Writers that are killed, and writers that compete. Run by test_faults.py.

Forks, since starting Python takes longer than the writing does. The first process never
uses zarr itself, whose thread would not live on in its children.
"""

import os
import random
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from known import PLANES, VERSIONS, embedding, key, right_or_none

from napari_sam.stores.zarr_store import ZarrStore


def write_for_ever(path):
    store = ZarrStore(path, memory=1)
    for i in count():
        of = key(i % PLANES, i % VERSIONS)
        store.put(of, embedding(of))


def compete(path, seed):
    """Write and read with four threads; several processes do this at once."""
    store = ZarrStore(path, memory=1)

    def work(thread):
        rng = random.Random(f"{seed} {thread}")
        for _ in range(12):
            of = key(rng.randrange(PLANES), rng.randrange(VERSIONS))
            store.put(of, embedding(of))
            right_or_none(store, key(rng.randrange(PLANES), rng.randrange(VERSIONS)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def fork(work, *args):
    pid = os.fork()
    if pid == 0:
        try:
            work(*args)
            code = 0
        except BaseException as wrong:
            sys.stderr.write(f"{wrong!r}\n")
            code = 1
        os._exit(code)
    return pid


def kill_some_time(pid):
    time.sleep(random.uniform(0.02, 0.3))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main():
    what, path = sys.argv[1:]
    if what == "kill":
        for _ in sys.stdin:
            kill_some_time(fork(write_for_ever, path))
            sys.stdout.write("killed\n")
            sys.stdout.flush()
    else:
        pids = [fork(compete, path, seed) for seed in range(2)]
        codes = [os.waitpid(pid, 0)[1] for pid in pids]
        raise SystemExit(any(codes))


if __name__ == "__main__":
    main()
