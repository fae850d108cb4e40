"""Compare Footnoted with what it is made of and with stock LlamaIndex, and write the README's tables.

    FOOTNOTED_SUITES=FOLDER uv run --extra peer python scripts/compare.py

The shipped suite is asked whole, with answers. Of each other end-to-end suite that FOOTNOTED_SUITES has, retrieval is
scored: over all cases, or over a fixed slice where questions have a history, since rewriting these takes the model. Of
those in ``ANSWERED`` a fixed slice is answered too. What was asked once is kept, so that a second run takes minutes and
a run that was stopped goes on. Each figure is what ``footnoted eval`` says with the same options.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from assistant.settings import Settings, from_environment
from eval.core import Options, compared, evaluate
from eval.metrics import BY_NAME
from eval.report.labels import UNSCORED, figure, interval
from eval.result import Estimate, Result, Unit
from eval.suite import SHIPPED, Suite, find, names, read

README = Path(__file__).parent.parent / "README.md"
RUNS = Path("footnoted-runs")
# As far as two cores allow: a stock prompt over new passages takes them half a minute.
ANSWERED_SLICE, HISTORY_SLICE = 40, 60
# Suites whose answers can be told right from wrong by their words.
ANSWERED = ("squad2-e2e",)
SYSTEMS: Mapping[str, Callable[[Settings], tuple[Settings, str | None]]] = {
    "Footnoted": lambda settings: (settings, None),
    "with BM25 alone": lambda settings: (settings.model_copy(update={"retrieval": "lexical"}), None),
    "with vectors alone": lambda settings: (settings.model_copy(update={"retrieval": "vectors"}), None),
    "stock LlamaIndex": lambda settings: (settings, "llamaindex"),
}
ANSWERS = {
    "answered_right": "answered right",
    "refused_right": "refused right",
    "net_score": "net score",
    "citation_validity": "citations valid",
    "citation_hit": "cited where the gold is",
    "sentence_f1": "cited sentences F1",
    "words": "words an answer",
    "prompt_tokens": "tokens read",
}
RETRIEVAL = {"recall@5": "R@5", "ndcg@10": "nDCG@10", "span_recall@5": "span recall@5", "span_iou@5": "span IoU@5"}


def run(suite: Suite, system: str, **options: object) -> Result:
    """One system over one suite."""
    settings, peer = SYSTEMS[system](from_environment())
    return evaluate(suite, settings, Options(peer=peer, **options), RUNS).result  # type: ignore[arg-type]


def results(suite: Suite, **options: object) -> dict[str, Result]:
    """Every system over one suite."""
    return {system: run(suite, system, **options) for system in SYSTEMS}


def told(estimate: Estimate | None, unit: Unit) -> str:
    """A figure with its interval, for a cell; costs have none."""
    if estimate is None:
        return UNSCORED
    ends = interval(estimate, unit) if unit in ("share", "score") else ""
    return f"{figure(estimate.value, unit)} ({ends})" if ends else figure(estimate.value, unit)


def table(found: Mapping[str, Result], columns: Mapping[str, str], first: str) -> Iterator[str]:
    """The rows of a table in Markdown, a system a row; metrics that none has are left out."""
    shown = {name: title for name, title in columns.items() if any(name in one.estimates for one in found.values())}
    yield f"| {first} | {' | '.join(shown.values())} |"
    yield f"|---|{'---|' * len(shown)}"
    for system, result in found.items():
        marks = _marks(found["Footnoted"], result, list(shown))
        cells = [told(result.estimates.get(name), BY_NAME[name].unit) + marks.get(name, "") for name in shown]
        yield f"| {system} | {' | '.join(cells)} |"


def _marks(ours: Result, result: Result, names: Sequence[str]) -> dict[str, str]:
    """A mark by metric where another system is worse than Footnoted beyond doubt, or better."""
    verdicts = {one.metric: one.verdict for one in compared(ours, result, names)}
    arrows = {"better": " ↓", "worse": " ↑"}
    return {name: arrows[verdict] for name, verdict in verdicts.items() if verdict in arrows}


def sections(suites: Sequence[str]) -> Iterator[str]:
    """All tables."""
    seeds = read(find("seeds"))
    yield from table(results(seeds), ANSWERS, heading(seeds, None))
    for name in suites:
        suite = read(find(name))
        if suite.mode != "end-to-end":
            continue
        if name in ANSWERED:
            yield ""
            yield from table(results(suite, limit=ANSWERED_SLICE), ANSWERS, heading(suite, ANSWERED_SLICE))
        limit = HISTORY_SLICE if any(case.history for case in suite.cases) else None
        yield ""
        yield from table(
            results(suite, retrieval_only=True, limit=limit), RETRIEVAL, f"{heading(suite, limit)}, retrieval"
        )


def heading(suite: Suite, limit: int | None) -> str:
    """What a table is of."""
    count = len(suite.cases)
    return (
        f"`{suite.name}`, {count} cases" if limit is None or limit >= count else f"`{suite.name}`, {limit} of {count}"
    )


def write(text: str) -> None:
    """Put the tables into the README, dated."""
    page = README.read_text("utf-8")
    made = f"Measured on {date.today().isoformat()} (`uv run --extra peer python scripts/compare.py`)."
    body = f"<!-- compared -->\n{text}\n\n{made}\n<!-- /compared -->"
    page, count = re.subn(r"<!-- compared -->.*?<!-- /compared -->", lambda _: body, page, flags=re.DOTALL)
    if count != 1:
        raise SystemExit("README.md has no place for the tables: <!-- compared --> … <!-- /compared -->")
    README.write_text(page, "utf-8")


def main() -> None:
    """Ask, compare, write."""
    shipped = {path.name for path in SHIPPED.iterdir()}
    text = "\n".join(sections([name for name in names() if name not in shipped]))
    print(text)
    write(text)


if __name__ == "__main__":
    main()
