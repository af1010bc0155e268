"""What was read lately is remembered, up to a number of bytes."""

import pickle

from napari_sam.datasets.read_cache import ReadCache


def ask(kept, names):
    """Ask for things of 10 bytes, and return which had to be read."""
    read = []

    def reading(name):
        read.append(name)
        return name

    for name in names:
        value = kept.get(name, lambda name=name: reading(name), lambda _: 10)
        assert value == name
    return "".join(read)


def test_what_was_used_longest_ago_goes_first():
    kept = ReadCache(30)
    assert ask(kept, "abc") == "abc"
    assert ask(kept, "abcad") == "d", "a was used after b"
    assert kept.nbytes == 30
    assert ask(kept, "acdb") == "b"


def test_the_newest_is_kept_however_large():
    kept = ReadCache(5)
    assert ask(kept, "aab") == "ab"
    assert kept.nbytes == 10


def test_another_process_gets_it_empty():
    kept = ReadCache(30)
    ask(kept, "ab")
    sent = pickle.loads(pickle.dumps(kept))
    assert (sent.limit, sent.nbytes) == (30, 0)
    assert ask(sent, "ab") == "ab"
