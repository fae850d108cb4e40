"""Who is evaluated: anything that finds passages for a case and answers it."""

from typing import Protocol

from eval.outcome import Outcome
from eval.suite import Case


class System(Protocol):
    """Somebody who is asked a suite's cases.

    Attributes:
        name: What the report calls it.
    """

    name: str

    def retrieve(self, case: Case) -> Outcome:
        """Find passages for a case, and answer nothing: an outcome with ``query``, ``passages`` and ``plain`` alone."""

    def answer(self, case: Case) -> Outcome:
        """Answer a case. Raises whatever goes wrong."""

    def close(self) -> None:
        """Let go of everything."""
