"""Who does what on which thread, and what is dropped."""

import subprocess
import sys
import threading

import pytest

pytest.importorskip("qtpy")

from napari_sam.apps.dock.qt_executor import QtExecutor
from napari_sam.core.progress import Progress


@pytest.fixture
def work(qapp):
    """Work that is closed at the end, with no thread left."""
    before = set(threading.enumerate())
    made = QtExecutor()
    yield made
    made.close(wait=True)
    assert set(threading.enumerate()) <= before


class Heard(list):
    """Remembers what it was called with, and on which thread."""

    def __call__(self, what):
        self.append((what, threading.current_thread()))

    @property
    def whats(self):
        return [what for what, _ in self]


def steps(count, gate=None, closed=None):
    """Yield so many steps; each waits for the gate."""
    try:
        for i in range(count):
            if gate is not None:
                gate.acquire()
            yield Progress(i + 1, count)
        return count
    finally:
        if closed is not None:
            closed.set()


def test_a_task_runs_elsewhere_and_its_answer_arrives_here(work, qtbot):
    done, failed = Heard(), Heard()
    work.predict(threading.current_thread, done, failed)
    qtbot.waitUntil(lambda: bool(done))
    (ran_on, heard_on) = done[0]
    assert ran_on is not threading.main_thread()
    assert heard_on is threading.main_thread()
    assert not failed


def test_an_error_arrives_as_it_was_raised(work, qtbot):
    done, failed = Heard(), Heard()
    error = ValueError("of no use")

    def task():
        raise error

    work.predict(task, done, failed)
    qtbot.waitUntil(lambda: bool(failed))
    assert failed[0] == (error, threading.main_thread())
    assert not done


def test_the_newest_waiting_question_is_answered_and_no_older_one(work, qtbot):
    done, begun, gate = Heard(), threading.Event(), threading.Event()

    def slow():
        begun.set()
        gate.wait()
        return "first"

    work.predict(slow, done, Heard())
    begun.wait()
    for i in range(5):
        work.predict(lambda i=i: i, done, Heard())
    gate.set()
    qtbot.waitUntil(lambda: 4 in done.whats)
    assert done.whats == ["first", 4]


def test_a_question_comes_before_what_is_hovered_over(work, qtbot):
    order, done = [], Heard()
    begun, gate = threading.Event(), threading.Event()
    work.predict(lambda: (begun.set(), gate.wait()), done, Heard())
    begun.wait()
    work.hover(lambda: order.append("hover"), done, Heard())
    work.predict(lambda: order.append("ask"), done, Heard())
    gate.set()
    qtbot.waitUntil(lambda: len(order) == 2)
    assert order[-1] == "hover"


def test_long_work_says_how_far_it_is_and_then_what_came_of_it(work, qtbot):
    progress, done, gate = Heard(), Heard(), threading.Semaphore(0)
    work.iterate(steps(3, gate), progress, done, Heard())
    for i in range(1, 4):
        gate.release()
        qtbot.waitUntil(lambda i=i: Progress(i, 3) in progress.whats)
    qtbot.waitUntil(lambda: bool(done))
    assert done[0] == (3, threading.main_thread())
    assert all(on is threading.main_thread() for _, on in progress)


def test_steps_too_fast_to_be_shown_do_not_queue_up(work, qtbot):
    progress, done = Heard(), Heard()
    job = work.iterate(steps(10_000), progress, done, Heard())
    job.thread.join()  # this thread shows nothing meanwhile
    qtbot.waitUntil(lambda: bool(done))
    assert progress.whats == [Progress(10_000, 10_000)]


def test_cancelled_work_is_closed_and_says_nothing_more(work, qtbot):
    progress, done, failed = Heard(), Heard(), Heard()
    gate, closed = threading.Semaphore(1), threading.Event()
    job = work.iterate(steps(9, gate, closed), progress, done, failed)
    qtbot.waitUntil(lambda: bool(progress))
    job.cancel()
    gate.release()
    job.thread.join()
    assert closed.is_set()
    qtbot.wait(1)
    assert progress.whats == [Progress(1, 9)]
    assert not done
    assert not failed


def test_long_work_and_questions_do_not_wait_for_each_other(work, qtbot):
    done, gate = Heard(), threading.Semaphore(0)
    work.iterate(steps(1, gate), Heard(), done, Heard())
    work.predict(lambda: "answer", done, Heard())
    qtbot.waitUntil(lambda: done.whats == ["answer"])
    gate.release()
    qtbot.waitUntil(lambda: done.whats == ["answer", 1])


def test_nothing_is_heard_after_closing(qapp, qtbot):
    made, heard = QtExecutor(), Heard()
    begun, gate, closed = threading.Event(), threading.Event(), threading.Event()

    def slow():
        begun.set()
        gate.wait()

    made.predict(slow, heard, heard)
    begun.wait()
    made.predict(lambda: "waits", heard, heard)
    step = threading.Semaphore(0)
    job = made.iterate(steps(9, step, closed), heard, heard, heard)
    made.close()
    gate.set()
    step.release()
    job.thread.join()
    assert closed.is_set()
    made.predict(lambda: "late", heard, heard)
    late = made.iterate(steps(3), heard, heard, heard)
    assert not late.thread.is_alive()
    qtbot.wait(1)
    assert not heard


def test_a_process_that_ends_waits_for_what_is_in_work():
    code = """
import sys, threading, time
from qtpy.QtCore import QCoreApplication
from napari_sam.apps.dock.qt_executor import QtExecutor

app, work, begun = QCoreApplication([]), QtExecutor(), threading.Event()

def slow():
    begun.set()
    time.sleep(0.2)
    sys.stdout.write("came to its end\\n")

def forever():
    from napari_sam.core.progress import Progress
    while True:
        time.sleep(0.01)
        yield Progress(1, 2)

work.predict(slow, print, print)
work.iterate(forever(), print, print, print)
begun.wait()
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.stdout, ran.returncode) == ("came to its end\n", 0), ran.stderr
