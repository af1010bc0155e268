"""Who does slow work in tests when it is told to."""


class Handle:
    def __init__(self, steps=None):
        self.cancelled = False
        self._steps = steps

    def cancel(self):
        self.cancelled = True
        if self._steps is not None:
            self._steps.close()


class ManualExecutor:
    """Does the next thing when told; of what waits, the newest takes the others' place.

    ``long`` holds long work, in order; each step of it is taken by `step`.
    """

    def __init__(self):
        self.waiting = {}
        self.long = []

    def predict(self, task, done, failed):
        self.waiting["predict"] = (task, done, failed)

    def hover(self, task, done, failed):
        self.waiting["hover"] = (task, done, failed)

    def iterate(self, generator, progress, done, failed):
        handle = Handle(generator)
        self.long.append((generator, progress, done, failed, handle))
        return handle

    def work(self, kind="predict"):
        _tell(*self.waiting.pop(kind))

    def take(self, kind="predict"):
        """Return what happens when the task is done, to be called later."""
        task, done, _ = self.waiting.pop(kind)
        answer = task()
        return lambda: done(answer)

    def finish(self):
        """Do the long work that waits, oldest first, and what comes of it."""
        while self.long:
            generator, progress, done, failed, handle = self.long.pop(0)
            if not handle.cancelled:
                _tell(lambda g=generator, p=progress: _through(g, p), done, failed)


def _through(generator, progress):
    while True:
        try:
            progress(next(generator))
        except StopIteration as end:
            return end.value


def _tell(task, done, failed):
    try:
        answer = task()
    except Exception as wrong:
        failed(wrong)
    else:
        done(answer)
