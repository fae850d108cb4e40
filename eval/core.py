"""An evaluation, top to bottom: choose cases, index the corpus, ask, judge, score, compare, write down."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from assistant import llm, progress
from assistant.settings import Settings
from eval import compare, corpus, metrics, report, score
from eval.errors import EvalError
from eval.footnoted import Footnoted, supplied_sources
from eval.judge import Judges
from eval.manifest import identity, manifest, peak_memory
from eval.outcome import Outcome
from eval.peer import LlamaIndexPeer
from eval.replies import KeptModel, Replies
from eval.result import Comparison, Manifest, Result
from eval.run import Journal, judged, run
from eval.suite import Case, Suite, clusters, half, sample
from eval.system import System
from index import weights

PEERS = ("llamaindex",)
LABELS = {
    metric.name: report.Label(title=metric.title, definition=metric.definition, unit=metric.unit)
    for metric in metrics.METRICS
}


@dataclass(frozen=True, slots=True)
class Options:
    """How a suite is run.

    Attributes:
        limit: Ask only so many cases, chosen by the seed; a smaller number asks some of the same.
        only: Ask only the cases of this kind.
        half: Ask only those that may be fitted on, or only the others, ``report``.
        seed: Which cases a limit chooses.
        retrieval_only: Find passages and answer nothing.
        supplied: Answer each case from the documents that it names, and search nothing.
        deletion: Ask what was answered again without the words that were cited.
        judges: Let LlamaIndex's evaluators judge the answers, with the same model.
        peer: Who is asked instead of Footnoted.
        fresh: Ask the model also where its reply was kept.
    """

    limit: int | None = None
    only: str | None = None
    half: str | None = None
    seed: int = 0
    retrieval_only: bool = False
    supplied: bool = False
    deletion: bool = False
    judges: bool = False
    peer: str | None = None
    fresh: bool = False

    def written(self) -> dict[str, str]:
        """Those that are not as by default."""
        return {
            name: str(getattr(self, name))
            for name, field in self.__dataclass_fields__.items()
            if getattr(self, name) != field.default
        }


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has come to its end.

    Attributes:
        result: What it comes to.
        outcomes: What came of each case.
        folder: Where all of it is written down.
    """

    result: Result
    outcomes: tuple[Outcome, ...]
    folder: Path


def evaluate(suite: Suite, settings: Settings, options: Options, runs: Path) -> Finished:
    """Run a suite, or what is left of the same run that was stopped, and score it.

    Args:
        suite: Whose cases are asked.
        settings: Of the assistant that is asked.
        options: How.
        runs: The folder in which each run has a folder of its own.

    Raises:
        EvalError: No case is left by the options, or the model can't be reached.
        FootnotedError: As ``Assistant.open`` does.
    """
    _require_sense(suite, options)
    cases = chosen(suite, options)
    with ExitStack() as opened:
        model = _model(settings, options)
        opened.callback(model.close)
        system = _system(suite, model, settings, options)
        opened.callback(system.close)
        about = manifest(suite, cases, system.name, model, settings, options.written())
        folder = runs / f"{suite.name}-{system.name}-{identity(about)[:12]}"
        outcomes = _asked(system, suite, cases, folder, options)
        if options.judges:
            outcomes = _judged(outcomes, suite, model)
        about = about.model_copy(update={"peak_memory_mb": peak_memory(model)})
    result = scored(suite, outcomes, about, options)
    save(result, folder / "result.json")
    return Finished(result, tuple(outcomes), folder)


def chosen(suite: Suite, options: Options) -> list[Case]:
    """The cases that the options leave, in the suite's order.

    Raises:
        EvalError: There are none.
    """
    cases = [case for case in suite.cases if options.only in (None, case.kind)]
    if not cases:
        kinds = ", ".join(sorted({case.kind for case in suite.cases}))
        raise EvalError(f"{suite.name} has no cases of the kind {options.only!r}; there are: {kinds}")
    cases = [case for case in cases if options.half in (None, half(case))]
    if not cases:
        raise EvalError(f"{suite.name} has no cases in the half {options.half!r}; leave out --half")
    if options.supplied:
        cases = [case for case in cases if supplied_sources(case)]
        if not cases:
            raise EvalError(
                f"{suite.name}: no case names the documents it is to be answered from; leave out --supplied"
            )
    return cases if options.limit is None else sample(cases, options.limit, options.seed)


def _require_sense(suite: Suite, options: Options) -> None:
    """See that the options can be had together.

    Raises:
        EvalError: They can't.
    """
    if options.retrieval_only and supplied(suite, options):
        raise EvalError(f"{suite.name} is answered from the documents that each case names, so there is no retrieval")
    for name, wanted in (("--deletion", options.deletion), ("--judge", options.judges)):
        if wanted and options.retrieval_only:
            raise EvalError(f"{name} is about answers, of which --retrieval-only has none; leave out one of them")
    if options.deletion and options.peer is not None:
        raise EvalError("--deletion asks Footnoted again; leave it out with --peer")


def scored(suite: Suite, outcomes: Sequence[Outcome], about: Manifest, options: Options) -> Result:
    """What the outcomes come to."""
    cases, shared = {case.id: case for case in suite.cases}, clusters(suite)
    asked = score.Asked(
        searched=not supplied(suite, options),
        answered=not options.retrieval_only,
        confident=any(reply.confidence is not None for one in outcomes for reply in (one.eager, one.reply) if reply),
    )
    rows = tuple(
        score.row(cases[outcome.case], outcome, suite.documents, shared[outcome.case], asked) for outcome in outcomes
    )
    return Result(manifest=about, estimates=metrics.estimates(rows), by_kind=metrics.by_kind(rows), rows=rows)


def supplied(suite: Suite, options: Options) -> bool:
    """Whether documents are given with each case instead of being searched for."""
    return options.supplied or suite.mode == "supplied"


def read_result(path: Path) -> Result:
    """Read what a run came to.

    Raises:
        EvalError: The file is none.
    """
    try:
        return Result.model_validate_json(path.read_bytes())
    except OSError as error:
        raise EvalError(f"the baseline {path} can't be read: {error.strerror}") from error
    except ValidationError as error:
        raise EvalError(f"{path} is no result of a run; --json writes one") from error


def compared(now: Result, before: Result, names: Sequence[str]) -> list[Comparison]:
    """A run against another of the same suite, over the cases that both asked and whose gold is the same.

    Raises:
        EvalError: There are none.
    """
    require_same(before, now.manifest.suite)
    if not compare.paired(now.rows, before.rows):
        raise EvalError(f"the baseline has no case of {now.manifest.suite} with the same gold in common with this run")
    return compare.compare(now.rows, before.rows, names)


def require_same(before: Result, suite: str) -> None:
    """See that a baseline is a run of this suite, before anything is asked.

    Raises:
        EvalError: It is not.
    """
    if before.manifest.suite != suite:
        raise EvalError(f"the baseline is a run of {before.manifest.suite}, not of {suite}; name one of {suite}")


def write_report(finished: Finished, suite: Suite, comparisons: Sequence[Comparison], said: Sequence[str] = ()) -> Path:
    """Write the page that people look at, beside the rest of the run.

    Args:
        finished: The run.
        suite: Whose cases were asked.
        comparisons: With another run.
        said: What a reader of these should know.
    """
    path = finished.folder / "report.html"
    report.write(path, finished.result, finished.outcomes, suite, report.Changes(comparisons, said), LABELS)
    return path


def save(result: Result, path: Path) -> None:
    """Write a result where it is asked for, such as for a baseline.

    Raises:
        EvalError: It can't be written there.
    """
    rows = ",\n".join(row.model_dump_json() for row in result.rows)
    rest = result.model_dump_json(exclude={"rows"})
    # A line a case, so that a new baseline shows what has changed.
    write(path, f'{rest.removesuffix("}")},\n"rows":[\n{rows}\n]}}\n')


def _model(settings: Settings, options: Options) -> KeptModel:
    with progress.fetching() as fetching:
        for name in weights.EMBEDDER:
            weights.get(name, fetching)
        model = llm.choose(settings, fetching)
    return KeptModel(model, Replies(weights.cache_folder() / "replies.sqlite3"), fresh=options.fresh)


def _system(suite: Suite, model: KeptModel, settings: Settings, options: Options) -> System:
    if options.peer is not None:
        folder = corpus.folder(suite)
        folder = folder.with_name(f"{folder.name}-{options.peer}")
        return LlamaIndexPeer(suite, model, folder, supplied=supplied(suite, options))
    with progress.indexing() as report_progress:
        index = corpus.open_index(suite, report_progress)
    return Footnoted(suite, index, model, settings, supplied=supplied(suite, options), deletion=options.deletion)


def _asked(system: System, suite: Suite, cases: Sequence[Case], folder: Path, options: Options) -> list[Outcome]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EvalError(
            f"the run can't be written to {folder}: {error.strerror}; --out names another folder"
        ) from error
    journal = Journal(folder / "outcomes.jsonl")
    if options.fresh and journal.asked() >= {case.id for case in cases}:
        journal.clear()
    asking = run(system, cases, journal, retrieval_only=options.retrieval_only)
    return list(progress.counted(asking, len(cases), f"Asking {suite.name}"))


def _judged(outcomes: Sequence[Outcome], suite: Suite, model: KeptModel) -> list[Outcome]:
    judging = judged(outcomes, suite, Judges(model))
    return list(progress.counted(judging, len(outcomes), "Judging the answers"))


def write(path: Path, text: str) -> None:
    """Write a file, whole or not at all.

    Raises:
        EvalError: It can't be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.{os.getpid()}")
        new.write_text(text, "utf-8")
        new.replace(path)
    except OSError as error:
        raise EvalError(f"{path} can't be written: {error.strerror}") from error
