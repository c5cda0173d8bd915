"""A piece of work that is started by a button: progress, cancel, and words for its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import ipywidgets as W

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
        The words of the button that stops the work.
    """

    def __init__(
        self, lock: threading.RLock, action: str, pressed: Callable[[], None], cancel: str
    ) -> None:
        self._lock, self._pressed = lock, pressed
        self._job = BackgroundJob(lock)
        self.busy = False
        self._wanted = True
        self._go = W.Button(description=action, button_style="primary")
        self._cancel = W.Button(description=cancel, disabled=True)
        self._bar = W.FloatProgress(min=0.0, max=1.0)
        self._bar.add_class("wb-bar")
        self._status = StatusLine()
        row = W.HBox([self._go, self._cancel, self._bar])
        row.add_class("wb-row")
        super().__init__([row, self._status])
        self._go.on_click(lambda _: self.safely(self._pressed))
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

        def fail(words: str) -> None:
            self._end()
            self.say(advise(words), "problem")

        def progress(step: str, share: float) -> None:
            self._bar.value = min(1.0, max(0.0, share))
            self.say(f"{step[:1].upper()}{step[1:]}…", "busy")

        self.busy, self._bar.value = True, 0.0
        self.say("Starting…", "busy")
        self._draw()
        self._job.start(work, Listener(finish, fail, progress, self._status.beat))

    def stop(self, words: str = "") -> None:
        """Give up what is under way, if anything, and say why."""
        if self.busy:
            self._job.cancel()
            self._end()
            self.say(words)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the work has ended; False when the time is over."""
        return self._job.wait(timeout)

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
        self._go.disabled = self.busy or not self._wanted
        self._cancel.disabled = not self.busy
        self._bar.layout.visibility = "visible" if self.busy else "hidden"
