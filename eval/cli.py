"""``footnoted eval``: run a suite and print what it comes to."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from eval.score import Scored, Summary


def evaluate(
    suite: Annotated[str, typer.Argument(help="A suite that ships (seeds), or the folder of one of yours.")] = "seeds",
    limit: Annotated[int | None, typer.Option(help="Ask only so many cases, the first ones.", min=1)] = None,
    only: Annotated[str | None, typer.Option(help="Ask only cases of this kind.")] = None,
    model: Annotated[str | None, typer.Option(help="The model that writes; the embedded one by default.")] = None,
    output: Annotated[Path | None, typer.Option("--json", help="Write every case and the summary here.")] = None,
) -> None:
    """Ask the questions of a suite of gold pairs and score the answers.

    A case is right when a reference is contained in an answer of at most 40 words, or when a question that the
    documents don't answer is refused.
    """
    # These bring LlamaIndex and its seconds of imports, which --help should not wait for.
    from assistant import progress  # noqa: PLC0415
    from assistant.core import open_shipped  # noqa: PLC0415
    from assistant.settings import from_environment  # noqa: PLC0415
    from eval import run, score  # noqa: PLC0415
    from eval.suite import SuiteError, find, read  # noqa: PLC0415

    loaded = read(find(suite))
    if loaded.mode == "end-to-end" and (find(suite) / "corpus.jsonl").exists():
        raise SuiteError(f"{suite}: only suites of the mode 'supplied', or over the shipped corpus, can be run yet")
    cases = [case for case in loaded.cases if only in (None, case.kind)][:limit]
    if not cases:
        kinds = ", ".join(sorted({case.kind for case in loaded.cases}))
        raise SuiteError(f"{suite} has no cases of the kind {only!r}; there are: {kinds}")
    with progress.fetching() as fetching:
        assistant = open_shipped(from_environment(model), progress=fetching)
    with assistant:
        with progress.doing("Reading the documents once"):
            assistant.warm()
        scored = list(progress.counted(run.run(loaded, cases, assistant), len(cases), f"Asking {loaded.name}"))
        summary = score.summarise(scored)
        _print(loaded.name, assistant.model.name, scored, summary)
    if output is not None:
        _write(output, scored, summary)


def _print(suite: str, model: str, scored: Sequence["Scored"], summary: "Summary") -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    for one in scored:
        if not one.right or not one.valid:
            console.print(f"[red]✗[/red] {one.case.id}  ", end="")
            console.print(one.case.question, markup=False, highlight=False)
            console.print(f"    {one.error or (one.answer.text if one.answer else '')}", markup=False, highlight=False)
    table = Table(title=f"{suite}, {summary.cases} cases, {model}", title_justify="left", show_header=False)
    for name, value in _rows(summary):
        table.add_row(name, value)
    console.print(table)


def _rows(summary: "Summary") -> list[tuple[str, str]]:
    return [
        ("answerable cases answered right", _percent(summary.answered_right)),
        ("other cases refused", _percent(summary.refused_right)),
        (f"citations valid, of {summary.citations}", _percent(summary.citations_valid)),
        ("answers cited where the evidence is", _percent(summary.citations_hit)),
        ("seconds a case, median", _seconds(summary.seconds)),
        ("seconds to the first word that stays, median", _seconds(summary.first_word)),
        ("errors", str(summary.errors)),
    ]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _write(path: Path, scored: Sequence["Scored"], summary: "Summary") -> None:
    cases = [
        {
            "id": one.case.id,
            "right": one.right,
            "cited": one.cited,
            "valid": one.valid,
            "seconds": one.seconds,
            "error": one.error,
            "answer": asdict(one.answer) if one.answer else None,
        }
        for one in scored
    ]
    path.write_text(json.dumps({"summary": asdict(summary), "cases": cases}, ensure_ascii=False, indent=1), "utf-8")
