"""``footnoted eval``: run a suite, print what it comes to, write the report, keep the gate."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from assistant.settings import Settings
    from eval.core import Options
    from eval.result import Comparison, Result
    from eval.suite import Suite

Half = Literal["fit", "report"]
RUNS = Path("footnoted-runs")
# Compared with a baseline even where no rule names them.
COMPARED = (
    "answered_right",
    "refused_right",
    "net_score",
    "citation_validity",
    "citation_hit",
    "recall@5",
    "token_f1",
    "aurc",
)


def evaluate(
    suites: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SUITE]…",
            help="A suite by name (seeds ships, others from FOOTNOTED_SUITES), or its folder; several to --calibrate.",
            show_default="seeds",
        ),
    ] = None,
    *,
    limit: Annotated[
        int | None, typer.Option(help="Ask only so many cases; the same ones each time, for each --seed.", min=1)
    ] = None,
    only: Annotated[str | None, typer.Option(help="Ask only cases of this kind.")] = None,
    half: Annotated[
        Half | None,
        typer.Option(help="Ask only cases of one half: that which may be fitted on, or that which is reported on."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Which cases --limit chooses.")] = 0,
    retrieval_only: Annotated[
        bool, typer.Option("--retrieval-only", help="Find passages and score those; answer nothing.")
    ] = False,
    supplied: Annotated[
        bool, typer.Option("--supplied", help="Answer from the documents that each case names, without searching.")
    ] = False,
    deletion: Annotated[
        bool, typer.Option("--deletion", help="Ask again without the cited words: right is then a refusal.")
    ] = False,
    judge: Annotated[
        bool, typer.Option("--judge", help="Let LlamaIndex's evaluators judge the answers, with the same model.")
    ] = False,
    peer: Annotated[
        str | None, typer.Option(help="Ask stock LlamaIndex (llamaindex) instead, with the same models.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="The model that writes; the embedded one by default.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ask the model again where its reply was kept, for timings of today.")
    ] = False,
    baseline: Annotated[Path | None, typer.Option(help="The result of another run, to compare with.")] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(help='Rules that end with status 1 where broken: "answered_right<-0.03,citation_validity<1".'),
    ] = None,
    calibrate: Annotated[
        bool,
        typer.Option(
            "--calibrate", help="Fit the confidence on halves of the suites, and report on the others. --json: where."
        ),
    ] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Write the result here too, as a baseline.")] = None,
    out: Annotated[Path, typer.Option(help="Where each run has its folder, with its report.")] = RUNS,
) -> None:
    """Ask the questions of a suite of gold pairs, score the answers, and write a report.

    A run that is stopped goes on when the same command is given again. What the model replied is kept, so that a second
    run asks only what has changed.
    """
    # These bring LlamaIndex and its seconds of imports, which --help should not wait for.
    from assistant.settings import from_environment  # noqa: PLC0415
    from eval import compare, core, gate  # noqa: PLC0415
    from eval.errors import EvalError  # noqa: PLC0415
    from eval.suite import find, read  # noqa: PLC0415

    if peer not in (None, *core.PEERS):
        raise EvalError(f"no peer is called {peer!r}; there is: {', '.join(core.PEERS)}")
    names = suites or ["seeds"]
    if len(names) > 1 and not calibrate:
        raise EvalError(f"one suite at a time is run: {names[0]}, or {names[1]}; only --calibrate takes several")
    rules = gate.rules(fail_on or "")
    before = None if baseline is None else core.read_result(baseline)
    if before is None and any(rule.change for rule in rules):
        raise EvalError("a rule about a change needs something to compare with: name it with --baseline")
    options = core.Options(
        limit=limit,
        only=only,
        half=half,
        seed=seed,
        retrieval_only=retrieval_only,
        supplied=supplied,
        deletion=deletion,
        judges=judge,
        peer=peer,
        fresh=fresh,
    )
    if calibrate:
        if rules or before or any((only, half, retrieval_only, supplied, deletion, judge, peer)):
            raise EvalError(
                "--calibrate chooses for itself what is asked; give it with --model, --limit and --json alone"
            )
        _calibrate([read(find(name)) for name in names], from_environment(model), options, out, output)
        return
    loaded = read(find(names[0]))
    if before is not None:
        core.require_same(before, loaded.name)
    finished = core.evaluate(loaded, from_environment(model), options, out)
    metrics = list(dict.fromkeys([*COMPARED, *(rule.metric for rule in rules)]))
    comparisons = [] if before is None else core.compared(finished.result, before, metrics)
    remarks = [] if before is None else compare.remarks(finished.result, before)
    page = core.write_report(finished, loaded, comparisons, remarks)
    if output is not None:
        core.save(finished.result, output)
    _print(finished.result, comparisons, remarks, page)
    compared = {one.metric: one for one in comparisons}
    broken = gate.broken(rules, finished.result.estimates, compared)
    for fault in broken:
        typer.echo(f"broken: {fault}")
    for doubt in gate.doubtful(rules, compared):
        typer.echo(f"kept, with doubt: {doubt}")
    if rules and not broken:
        typer.echo(f"The gate is kept: {', '.join(map(str, rules))}")
    if broken:
        raise typer.Exit(1)


def _calibrate(
    suites: "Sequence[Suite]", settings: "Settings", options: "Options", runs: Path, output: Path | None
) -> None:
    from rich.console import Console  # noqa: PLC0415

    from eval.calibrate import calibrate  # noqa: PLC0415
    from eval.core import LABELS  # noqa: PLC0415
    from eval.metrics import HEADLINE  # noqa: PLC0415
    from eval.report import scored  # noqa: PLC0415

    path = output or runs / "calibration.json"
    made = calibrate(suites, settings, options, runs, path)
    console = Console()
    shown = {name: one for name, one in made.estimates.items() if name in HEADLINE}
    title = f"{made.calibration.model}, {made.calibration.provenance.claims} claims fitted on, {made.cases} other cases"
    console.print(scored(title, shown, LABELS))
    for share in made.curve:
        wrong = "" if share.wrong is None else f", {share.wrong:.1%} of those wrong"
        console.print(f"risk {share.risk:4.2f}: {share.answered:.1%} answered{wrong}", highlight=False)
    console.print(f"To answer by it, set FOOTNOTED_CALIBRATION={path}", markup=False, highlight=False, soft_wrap=True)


def _print(result: "Result", comparisons: Sequence["Comparison"], remarks: Sequence[str], page: Path) -> None:
    from rich.console import Console  # noqa: PLC0415

    from eval.core import LABELS  # noqa: PLC0415
    from eval.metrics import HEADLINE  # noqa: PLC0415
    from eval.report import table  # noqa: PLC0415

    console = Console()
    shown = {name: one for name, one in result.estimates.items() if name in HEADLINE}
    console.print(table(result.model_copy(update={"estimates": shown}), comparisons, LABELS))
    for remark in remarks:
        console.print(remark, markup=False, highlight=False)
    console.print(f"Report: {page}", markup=False, highlight=False, soft_wrap=True)
