"""How long things take on this machine: medians, printed and never asserted.

    uv run python scripts/bench.py

Run ``uv run footnoted ask "…"`` once before, so that the weights are there and the embedded model is up.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from assistant.core import open_shipped

RUNS = 5
QUESTIONS = (
    "Who is Japan's foreign minister?",
    "How many US service personnel are in Japan?",
    "When were the rules last revised?",
    "Where will the guideline revisions be completed?",
    "Who is Japan's Defence Minister?",
)


def process(command: Sequence[str]) -> float:
    """Seconds that a command takes as a process of its own, the median of five after one that warms the disk."""
    seconds = []
    for _ in range(RUNS + 1):
        begun = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds[1:])


def main() -> None:
    """Print the figures that the README quotes."""
    with open_shipped() as assistant:
        assistant.warm()
        answers = [assistant.ask(question) for question in QUESTIONS]
    words = [answer.timings["first_word"] for answer in answers if answer.answered]
    rows = {
        "warm: first word that stays": statistics.median(words) if words else float("nan"),
        "warm: whole answer": statistics.median(answer.timings["total"] for answer in answers),
        "footnoted ask, new process, model up": process([sys.executable, "-m", "assistant", "ask", QUESTIONS[0]]),
        "footnoted --help": process([sys.executable, "-m", "assistant", "--help"]),
        "import assistant": process([sys.executable, "-c", "import assistant"])
        - process([sys.executable, "-c", "pass"]),
    }
    for name, seconds in rows.items():
        print(f"{name:40} {seconds:6.2f} s")


if __name__ == "__main__":
    main()
