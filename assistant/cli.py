"""The command line: ``footnoted`` opens the page; ``ask``, ``index``, ``check`` and ``models`` do what they say.

Other packages add commands by the entry point group ``footnoted.commands``. Knows nothing of how answers come about.
"""

import json
import logging
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import entry_points
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.plain import plain
from index.errors import FootnotedError

if TYPE_CHECKING:
    from assistant.core import Assistant
    from assistant.types import Answer
    from index import AddReport, CheckReport, State

# The modules behind the commands take seconds to import, which --help should not wait for: each imports its own.
# ruff: noqa: PLC0415


LOGIN = "FOOTNOTED_LOGIN=name:password lets in those alone who know it"
GROUP = "footnoted.commands"
HERE = Path(".footnoted")
QUOTE_WIDTH = 400
MOST_KINDS = 8

app = typer.Typer(
    name="footnoted",
    help="Ask your documents. Every sentence of the answer carries a footnote to the exact words it came from.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

IndexOption = Annotated[
    Path | None,
    typer.Option(
        "--index", help="The folder of an index; ./.footnoted where there is one, else the shipped article's."
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        help="The model that writes: an embedded one, a .gguf file, or one that the endpoint in OPENAI_BASE_URL has."
    ),
]


@app.callback(invoke_without_command=True)
def chat_by_default(context: typer.Context) -> None:
    """Open the chat page, unless a command is named."""
    if context.invoked_subcommand is None:
        chat()


@app.command()
def chat(
    index: IndexOption = None,
    model: ModelOption = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on. Others than this one let other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="The port; the first free one from 7860 by default.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in a browser.")] = True,
) -> None:
    """Open the chat page: ask on one side, the source on the other."""
    from assistant import web
    from assistant.web.server import LOOPBACK

    with _assistant(index, model) as assistant:
        assistant.index.embed(wait=False)
        if host not in LOOPBACK and assistant.settings.login is None:
            print(
                f"footnoted: whoever reaches {host} can ask, read the documents, add and remove some; {LOGIN}",
                file=sys.stderr,
            )
        web.serve(assistant, host=host, port=port, open_browser=browser, ready=_tell_address(assistant))


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    index: IndexOption = None,
    model: ModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole Answer as JSON.")] = False,
) -> None:
    """Ask one question, and print the answer with its footnotes."""
    from assistant import progress

    with _assistant(index, model) as assistant:
        if as_json:
            print(json.dumps(asdict(assistant.ask(question)), ensure_ascii=False, indent=2))
            return
        with progress.doing(f"Asking {assistant.model.name} on {assistant.model.where}"):
            answer = assistant.ask(question)
        _print(answer)
        _warn(assistant.index.state(), _own(index) or assistant.index.path)
        if not answer.answered and _own(index) is None:
            print("footnoted: asked of the shipped article; for yours: footnoted index FOLDER", file=sys.stderr)


@app.command("index")
def index_(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files, and folders at any depth.")] = None,
    index: Annotated[Path, typer.Option("--index", help="The folder of the index; made if it isn't there.")] = HERE,
    remake: Annotated[
        bool,
        typer.Option("--remake", help="Cut and embed anew what was made with another embedding model or splitter."),
    ] = False,
) -> None:
    """Index documents of yours. Files that have not changed cost nothing; without any, finish what was begun."""
    from assistant import progress
    from assistant.settings import from_environment
    from index import Index, weights

    with progress.fetching() as fetching:
        for name in weights.EMBEDDER:
            weights.get(name, fetching)
    chroma_url = from_environment().chroma_url
    with Index.open(index, must_exist=not paths, remake=remake, chroma_url=chroma_url) as opened:
        try:
            with progress.indexing() as report:
                result = opened.add(paths or [], progress=report)
        except KeyboardInterrupt:
            _print_state(opened.state(), index)
            raise typer.Exit(130) from None
        state = opened.state()
    if paths:
        _print_report(result, index)
    else:
        _print_state(state, index)


@app.command()
def remove(
    sources: Annotated[list[str], typer.Argument(help="What to forget, by the names that footnotes show.")],
    index: Annotated[Path, typer.Option("--index", help="The folder of the index.")] = HERE,
) -> None:
    """Forget documents of an index; their files stay where they are."""
    from assistant.settings import from_environment
    from index import Index

    with Index.open(index, must_exist=True, chroma_url=from_environment().chroma_url) as opened:
        for source in sources:
            opened.remove(source)
            print(f"forgotten: {plain(source)}")


@app.command()
def check(
    index: IndexOption = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is found to be wrong.")] = False,
) -> None:
    """Prove an index sound: its passages, its hashes, its caches; and tell which files have changed since."""
    from assistant import progress
    from assistant.core import shipped_index
    from assistant.settings import from_environment
    from index import Index

    own = _own(index)
    where = own or shipped_index()
    url = from_environment().chroma_url if own else None
    with Index.open(where, must_exist=True, chroma_url=url) as opened:
        with progress.doing("Comparing every passage with its document, and each store with the others"):
            report = opened.check()
        if repair and not report.ok:
            _print_problems(report)
            with progress.indexing() as reporting:
                report = opened.repair(reporting)
            print("mended" if report.ok else "not all could be mended:")
    print(f"{report.documents} documents, {report.passages} passages")
    if report.waiting:
        print(f"{report.waiting} of them are found by their words alone so far; finish with: {_go_on(where)}")
    for name, sources in (("changed since", report.changed), ("gone", report.missing), ("not seen", report.unseen)):
        for source in sources:
            print(f"{name}: {plain(source)}")
    _print_problems(report)
    if not report.ok:
        raise typer.Exit(1)
    print("sound: every passage stands in its document, and the stores agree")


@app.command()
def models(
    stop: Annotated[
        bool, typer.Option("--stop", help="End the embedded model's process, which else waits for more.")
    ] = False,
) -> None:
    """List the model files: what is there, and from where."""
    from assistant import local
    from index import weights

    if stop:
        ended = local.stop_all(weights.cache_folder() / "llm")
        print(f"ended {ended} embedded model process{'' if ended == 1 else 'es'}")
        return
    for status in weights.listing():
        state = (
            f"from {status.source}" if status.verified else ("not verified" if status.present else "not fetched yet")
        )
        print(f"{status.name:20} {status.size / 1e6:8,.0f} MB  {status.licence}  {state:24} {status.purpose}")
        print(f"{'':20} {status.path}")


def main() -> None:
    """Run the command line; what Footnoted raises on purpose is printed, not traced."""
    logging.basicConfig(level=logging.WARNING, format="footnoted: %(message)s")
    signal.signal(signal.SIGTERM, _terminate)
    for command in entry_points(group=GROUP):
        add(app, command.name, command.load())
    try:
        app(_with_command(sys.argv[1:]))
    except FootnotedError as error:
        print(f"footnoted: {error}", file=sys.stderr)
        sys.exit(1)


def _with_command(typed: list[str]) -> list[str]:
    """Options without a command are those of the chat page, which opens where no command is named."""
    return ["chat", *typed] if typed and typed[0].startswith("-") and typed[0] != "--help" else typed


def add(to: typer.Typer, name: str, command: "Callable[..., None] | typer.Typer") -> None:
    """Add a command, or a group of them, that another package brings."""
    if isinstance(command, typer.Typer):
        to.add_typer(command, name=name)
    else:
        to.command(name)(command)


@contextmanager
def _assistant(index: Path | None, model: str | None) -> Iterator["Assistant"]:
    """The assistant that the options name, with bars for what has to be fetched first."""
    from assistant import progress
    from assistant.core import Assistant, open_shipped
    from assistant.settings import from_environment

    settings = from_environment(model)
    index = _own(index)
    with progress.fetching() as fetching:
        opened = (
            open_shipped(settings, progress=fetching)
            if index is None
            else Assistant.open(index, settings=settings, progress=fetching)
        )
    with opened:
        yield opened


def _own(index: Path | None) -> Path | None:
    """The user's own index: the one that is named, else the one in this folder; None for the shipped article."""
    return HERE if index is None and HERE.is_dir() else index


def _tell_address(assistant: "Assistant") -> Callable[[str], None]:
    def tell(address: str) -> None:
        print(f"Footnoted answers at {address}")
        print(f"Questions and passages go to {assistant.model.name} on {assistant.model.where}. Ctrl-C ends it.")

    return tell


def _print(answer: "Answer") -> None:
    print(plain(answer.text))
    for citation in answer.citations:
        page = f", page {citation.page}" if citation.page else ""
        quote = citation.quote if len(citation.quote) <= QUOTE_WIDTH else f"{citation.quote[:QUOTE_WIDTH]}…"
        print(f"\n[{citation.marker}] {plain(' '.join(quote.split()))}")
        print(f"    {plain(citation.source)}{page}, characters {citation.start}–{citation.end}")


def _print_report(report: "AddReport", index: Path) -> None:
    for failure in report.failed:
        print(f"failed: {plain(failure.source)}: {plain(failure.reason or '')}", file=sys.stderr)
    counts = [
        (len(report.added), "added"),
        (len(report.updated), "updated"),
        (len(report.unchanged), "unchanged"),
        (len(report.removed), "removed"),
        (len(report.failed), "failed"),
        (report.skipped, "skipped"),
    ]
    print(f"{index}: {', '.join(f'{count} {what}' for count, what in counts if count) or 'no files found'}")
    if report.unknown:
        kinds = ", ".join(plain(suffix) or "names without a suffix" for suffix in report.unknown[:MOST_KINDS])
        print(f"skipped, since they can't be read: {kinds}")
    if report.failed:
        raise typer.Exit(1)
    print(f'Ask with: footnoted ask "…"{_at(index)}')


def _print_problems(report: "CheckReport") -> None:
    for problem in report.problems:
        print(f"fault: {plain(problem)}")


def _warn(state: "State", index: Path) -> None:
    """Say what may have been missed, beside the answer."""
    if state.fault:
        print(f"footnoted: {plain(state.fault)}", file=sys.stderr)
    if state.embedded < state.passages:
        rest = state.passages - state.embedded
        words = f"{rest} passages were found by their words alone; go on with: {_go_on(index)}"
        print(f"footnoted: {words}", file=sys.stderr)


def _print_state(state: "State", index: Path) -> None:
    print(f"{index}: {state.documents} documents, {state.passages} passages")
    if state.embedded < state.passages:
        rest = state.passages - state.embedded
        print(f"{rest} passages are found by their words alone so far; go on with: {_go_on(index)}")


def _go_on(index: Path) -> str:
    """The command that embeds what is not embedded yet."""
    return f"footnoted index{_at(index)}"


def _at(index: Path) -> str:
    """The option by which a command finds an index, empty for the one that it takes by itself."""
    return "" if index == HERE else f" --index {index}"


def _terminate(number: int, frame: FrameType | None) -> Any:
    """End in the ordinary way, so that streams are closed and generation stops."""
    sys.exit(128 + number)
