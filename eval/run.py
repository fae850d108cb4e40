"""Ask the cases of a suite, and write each outcome down at once: a run that is killed goes on where it was."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.errors import ModelError
from eval.errors import EvalError
from eval.judge import Judges
from eval.lines import append_row, read_log
from eval.outcome import Outcome
from eval.suite import Case, Suite
from eval.system import System
from index.errors import FootnotedError

# An endpoint that is down would fail every case that is left, each after its own wait.
MOST_FAILURES_IN_A_ROW = 5


class Journal:
    """The outcomes of a run, in a file of JSON lines.

    Args:
        path: The file, which need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def outcomes(self) -> dict[str, Outcome]:
        """What came of the cases so far, by id. Errors are left out: they are worth another try."""
        return {outcome.case: outcome for outcome in read_log(self._path, Outcome) if outcome.error is None}

    def asked(self) -> set[str]:
        """The cases that were asked so far, those that ended in an error among them."""
        return {outcome.case for outcome in read_log(self._path, Outcome)}

    def add(self, outcome: Outcome) -> None:
        """Write an outcome down."""
        append_row(self._path, outcome)

    def clear(self) -> None:
        """Forget all of it, to begin anew."""
        self._path.unlink(missing_ok=True)


def run(system: System, cases: Sequence[Case], journal: Journal, *, retrieval_only: bool = False) -> Iterator[Outcome]:
    """Ask the cases one after the other, in order; those that the journal has are not asked again.

    Args:
        system: Who is asked.
        cases: What.
        journal: Where outcomes are written, and those of an earlier part of this run stand.
        retrieval_only: Whether passages are found and nothing is answered.

    Raises:
        EvalError: The model can't be reached; what was asked so far is kept.
    """
    known = journal.outcomes()
    ask = system.retrieve if retrieval_only else system.answer
    failures = 0
    for case in cases:
        if case.id in known:
            yield known[case.id]
            continue
        begun = time.perf_counter()
        try:
            outcome = ask(case)
            failures = 0
        except EvalError:
            # It is the evaluation that can't go on, not the case that failed.
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other cases are worth having
            outcome = Outcome(case=case.id, error=_told(error))
            failures += isinstance(error, ModelError)
        outcome = outcome.model_copy(update={"seconds": round(time.perf_counter() - begun, 4)})
        journal.add(outcome)
        yield outcome
        if failures >= MOST_FAILURES_IN_A_ROW:
            raise EvalError(
                f"{failures} cases in a row failed, the last with: {outcome.error}\nmend that and give the same "
                "command again: the run goes on from here"
            )


def judged(outcomes: Sequence[Outcome], suite: Suite, judges: Judges) -> Iterator[Outcome]:
    """The outcomes with what the judges say of the answers."""
    cases = {case.id: case for case in suite.cases}
    for outcome in outcomes:
        if outcome.reply is None or not outcome.reply.answered:
            yield outcome
            continue
        contexts = [citation.quote for citation in outcome.reply.citations]
        verdicts = judges.verdicts(cases[outcome.case], outcome.reply, contexts)
        yield outcome.model_copy(update={"verdicts": verdicts})


def _told(error: Exception) -> str:
    return (
        f"{type(error).__name__}: {error}"
        if isinstance(error, FootnotedError)
        else f"{type(error).__name__}: {error!r}"
    )
