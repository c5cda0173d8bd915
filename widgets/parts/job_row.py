"""Work that is started by a button: progress, cancel, words for its end, and what waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import ipywidgets as W

from widgets.parts import markup
from widgets.parts.status_line import StatusLine
from widgets.session.jobs import BackgroundJob, Listener, words_for
from workbench.common.progress import Progress

__all__ = ["JobRow"]

Result = TypeVar("Result")


class JobRow(W.VBox):
    """A button that starts work in the background, Cancel, a bar, and a status line.

    Parameters
    ----------
    lock : RLock
        The session's; held while `pressed` and what :meth:`start` is given are called.
    action : str
        The button's words.
    pressed : callable () -> None
        Called when the button is pressed; an exception is said in words.
    cancel : str
        The words of the button that stops the work, and what waits for it.
    queues : bool
        Whether the button may be pressed while work is under way.
    changed : callable (bool) -> None, optional
        Told whether something is under way, whenever that may have changed.
    """

    def __init__(
        self,
        lock: threading.RLock,
        action: str,
        pressed: Callable[[], None],
        cancel: str,
        *,
        queues: bool = False,
        changed: Callable[[bool], None] | None = None,
    ) -> None:
        self._queues, self._changed = queues, changed
        self._waiting: list[tuple[str, Callable[[], None]]] = []
        self._failed: list[str] = []
        self._lock, self._pressed = lock, pressed
        self._job = BackgroundJob(lock)
        self.busy = False
        self._wanted = True
        self._go = W.Button(description=action, button_style="primary")
        self._cancel = W.Button(description=cancel, disabled=True)
        self._bar = W.FloatProgress(min=0.0, max=1.0)
        self._bar.add_class("wb-bar")
        self._status = StatusLine()
        self._others = W.HTML()
        row = W.HBox([self._go, self._cancel, self._bar])
        row.add_class("wb-row")
        super().__init__([row, self._status, self._others])
        self._go.on_click(lambda _: self.safely(self._begin))
        self._cancel.on_click(lambda _: self.safely(self._cancelled))
        self._draw()

    def say(self, text: str, kind: str = "info") -> None:
        """Show a sentence in the status line."""
        self._status.say(text, kind)

    def offer(self, wanted: bool, action: str | None = None) -> None:
        """Let the button be pressed or not."""
        self._wanted = wanted
        if action is not None:
            self._go.description = action
        self._draw()

    def start(
        self,
        work: Callable[[Progress], Result],
        done: Callable[[Result], None],
        advise: Callable[[str], str] = str,
    ) -> None:
        """Start work; `done` gets its result, and `advise` the words of a failure."""

        def finish(result: Result) -> None:
            self._end()
            self.safely(lambda: done(result))
            self._follow()

        def fail(words: str) -> None:
            self._end()
            self.say(advise(words), "problem")
            if self._waiting:  # the next one's words take this line
                self._failed.append(advise(words))
            self._follow()

        def progress(step: str, share: float) -> None:
            self._bar.value = min(1.0, max(0.0, share))
            self.say(f"{step[:1].upper()}{step[1:]}…", "busy")

        self.busy, self._bar.value = True, 0.0
        self.say("Starting…", "busy")
        self._draw()
        self._job.start(work, Listener(finish, fail, progress, self._status.beat))

    def queue(
        self,
        name: str,
        work: Callable[[Progress], Result],
        done: Callable[[Result], None],
        advise: Callable[[str], str] = str,
    ) -> None:
        """Start work, or let it wait under a name for what is under way."""
        begin = partial(self.start, work, done, advise)
        if self.busy:
            self._waiting.append((name, begin))
            self._draw()
        else:
            begin()

    def _begin(self) -> None:
        if not self.busy:
            self._failed = []
        self._pressed()

    def _follow(self) -> None:
        """Begin what has waited longest, unless something else was begun."""
        if self._waiting and not self.busy:
            _, begin = self._waiting.pop(0)
            self.safely(begin)
        self._draw()

    def stop(self, words: str = "") -> None:
        """Give up what is under way, if anything, with all that waits for it, and say why."""
        self._waiting, self._failed = [], []
        if self.busy:
            self._job.cancel()
            self._end()
            self.say(words)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the work and all that waits for it has ended; False when one took longer."""
        while self._job.wait(timeout):
            with self._lock:
                if not self.busy:
                    return True
        return False

    def safely(self, act: Callable[[], None]) -> None:
        """Act while no background result can arrive; say a failure in words."""
        try:
            with self._lock:
                act()
        except Exception as error:  # the component's boundary
            self.say(words_for(error), "problem")

    def _cancelled(self) -> None:
        self.stop("Cancelled. Nothing was kept.")

    def _end(self) -> None:
        self.busy = False
        self._draw()

    def _draw(self) -> None:
        self._go.disabled = not self._wanted or (self.busy and not self._queues)
        self._cancel.disabled = not self.busy
        self._bar.layout.visibility = "visible" if self.busy else "hidden"
        others = [f"Not done: {words}" for words in self._failed]
        others += [f"Waiting: {name}" for name, _ in self._waiting]
        self._others.value = markup.bullets(others) if others else ""
        if self._changed is not None:
            self._changed(self.busy or bool(self._waiting))
