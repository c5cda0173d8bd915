"""Step 4, on the page itself: choose a way to forget, and see it made."""

from __future__ import annotations

import ipywidgets as W

from widgets.other_models.unlearn_here import UnlearnedHere, Way, unlearn_here, ways
from widgets.parts import markup
from widgets.parts.job_row import JobRow
from widgets.session.session import AuditSession
from workbench.common.errors import ModelError

__all__ = ["UnlearnForm"]

NOT_HERE = (
    "This needs a model that the page trained itself: choose a sample, or a table of your own, "
    "with “Train … here” as the model in step 1. A model from elsewhere cannot be trained again "
    "here; bring the model before it instead."
)


class UnlearnForm(W.VBox):
    """Makes a model before, after and retrained without the session's target.

    Parameters
    ----------
    session : AuditSession
    """

    def __init__(self, session: AuditSession) -> None:
        self._session = session
        self._about = W.HTML()
        self._way = W.Dropdown(options=[], description="How to forget")
        self._way.add_class("wb-field")
        self._words = W.HTML()
        self._row = JobRow(
            session.lock,
            "Unlearn here",
            self._begin,
            "Cancel unlearning",
            changed=lambda busy: session.prepare("The models are still being made." * busy),
        )
        self._made = W.HTML()
        super().__init__([self._about, self._way, self._words, self._row, self._made])
        self._way.observe(lambda _: self._explain(), "value")
        session.observe(lambda _: self._row.safely(self._stop), ["case", "target"])
        names = ["case", "target", "target_problem", "learner", "made_for"]
        session.observe(lambda _: self._row.safely(self._offer), names)
        self._offer()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the models are made; False when the time is over."""
        return self._row.wait(timeout)

    def stop(self) -> None:
        """Give up what is being made."""
        self._row.stop()

    def _stop(self) -> None:
        self._row.stop("Stopped: the model, the graph or the target has changed. Begin again.")

    def _offer(self) -> None:
        """Show the ways that fit the target and the learner."""
        session = self._session
        target, learner = session.target, session.learner
        if session.case is not None and learner is None:
            self._about.value = markup.notice(NOT_HERE)
        elif target is None:
            words = session.target_problem or "Choose data and a model first."
            self._about.value = markup.paragraph(words, "wb-muted")
        else:
            self._about.value = markup.paragraph(
                f"To be forgotten: {target.describe()}", "wb-target"
            )
        ready = target is not None and learner is not None
        for part in (self._way, self._words, self._row):
            part.layout.display = "" if ready else "none"
        offered = ways(target, learner) if target is not None and learner is not None else ()
        before: object = self._way.value
        if tuple(value for _, value in self._way.options) != offered:
            self._way.options = [(way.title, way) for way in offered]
            self._way.value = before if before in offered else next(iter(offered), None)
        made = session.made_for is not None
        self._row.offer(ready, "Unlearn here again" if made else "Unlearn here")
        if not made:
            self._made.value = ""
        self._explain()

    def _explain(self) -> None:
        way = self._way.value
        self._words.value = markup.paragraph(way.words, "wb-muted") if isinstance(way, Way) else ""

    def _begin(self) -> None:
        session, way = self._session, self._way.value
        case, target, learner = session.case, session.target, session.learner
        loaded, seed = session.loaded, session.settings.seed
        if case is None or target is None or learner is None or loaded is None:
            raise ModelError("Choose data, a model and a target first.")
        if not isinstance(way, Way):
            raise ModelError("Choose how to forget.")
        reads, code = loaded[0].features or case.reads, loaded[1]

        def done(made: UnlearnedHere) -> None:
            lines = None if code is None else f"{code}\n\n{made.code}"
            session.put_unlearned(
                made.case,
                made.compare,
                training=made.training,
                made_for=made.target,
                code=lines,
            )
            self._made.value = markup.bullets(made.sentences)
            self._row.say(
                "Done. From now on the audited model is the one after unlearning.", "good"
            )

        self._row.start(
            lambda progress: unlearn_here(
                case, target, way, learner=learner, reads=reads, seed=seed, progress=progress
            ),
            done,
        )
