"""``footnoted gold``: make suites of gold pairs: import what others have, draft, and judge what was drafted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assistant.plain import plain

if TYPE_CHECKING:
    from rich.console import Console

    from eval.review import Pair

# The modules behind the commands take seconds to import, which --help should not wait for: each imports its own.
# ruff: noqa: PLC0415

KEYS = "[a]ccept  [e]dit  [s]kip  [u]ndo the last decision  [q]uit"

gold = typer.Typer(
    name="gold",
    help="Make suites of gold pairs: import them, or draft them with a model and judge each.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

GOLD = Path("gold")
Into = Annotated[Path, typer.Option("--into", help="The suite's folder; made if it isn't there.")]


@gold.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV, TSV, JSON or JSON lines; for BEIR a folder.")],
    *,
    into: Into = GOLD,
    documents: Annotated[
        Path | None, typer.Option(help="The folder of documents that pairs of your own are about; it stays there.")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="qa, squad, beir or mtrag; told from the content by default.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The suite's name; that of its folder by default.")] = None,
    mode: Annotated[
        Literal["end-to-end", "supplied"] | None,
        typer.Option(help="SQuAD: answer from the paragraph that each question has, or search for it."),
    ] = None,
    split: Annotated[str | None, typer.Option(help="BEIR: which judgements; test by default.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a suite that is there already.")] = False,
) -> None:
    """Import questions and answers as a suite.

    Your own pairs are a table with the columns question and answer (several parted by |), and perhaps id, quote,
    document, kind and answerable (yes or no). Nothing is written unless all of it is right.
    """
    from eval import convert

    made = convert.convert(file, format_, convert.Options(documents, mode, split))
    suite = convert.write(made, into, name or into.absolute().name, f"Imported from {file.name}", replace=replace)
    for remark in made.remarks:
        typer.echo(plain(remark))
    without = sum(case.answerable and not case.evidence for case in suite.cases)
    refused = sum(not case.answerable for case in suite.cases)
    typer.echo(
        f"{into}: {_count(len(suite.cases), 'case')}, of which {refused} not answerable and {without} answerable "
        f"without evidence; {_count(len(suite.documents), 'document')}"
    )
    judged = any(case.answers or not case.answerable for case in suite.cases)
    typer.echo(f"Run it with: footnoted eval {into}{'' if judged else ' --retrieval-only'}")


@gold.command()
def draft(
    path: Annotated[Path, typer.Argument(help="The folder of the documents, or one file.")],
    into: Into = GOLD,
    count: Annotated[int, typer.Option(help="How many pairs there should be, with those of earlier runs.", min=1)] = 20,
    model: Annotated[str | None, typer.Option(help="The model that proposes; the embedded one by default.")] = None,
    seed: Annotated[int, typer.Option(help="Draws the passages that are asked about.")] = 0,
) -> None:
    """Let the model propose questions about your documents, each with its answer and quote.

    A draft is no gold: judge each with ``footnoted gold review``. Given again, the command goes on where it was.
    """
    from assistant import progress
    from assistant.llm import choose
    from assistant.settings import from_environment
    from eval.documents import of_path
    from eval.gold import begin, read_drafts
    from eval.gold import draft as proposals

    settings = from_environment(model)
    documents = list(of_path(path, leave_out=into).values())
    begin(into, path)
    with progress.fetching() as fetching:
        writer = choose(settings, fetching)
    typer.echo(f"Passages go to {writer.name} on {writer.where}.")
    missing = max(count - _drafted(into), 0)
    try:
        for _ in progress.counted(proposals(writer, documents, into, count, seed=seed), missing, "Drafting"):
            pass
    finally:
        writer.close()
    known = read_drafts(into)
    dropped = sum(one.dropped is not None for one in known)
    typer.echo(f"{into}: {_count(_drafted(into), 'draft')}, from {_count(len(known), 'passage')}; {dropped} dropped")
    if _drafted(into) < count:
        typer.echo("There are no more passages to ask about.")
    if _drafted(into):
        typer.echo(f"Judge them with: footnoted gold review {into}")


@gold.command()
def review(folder: Annotated[Path, typer.Argument(help="The suite's folder, where drafts are.")] = GOLD) -> None:
    """Judge drafts one by one; each decision is written at once, and what you accept is a case of the suite."""
    from rich.console import Console

    from eval import review as judging

    console = Console(highlight=False)
    corpus = judging.documents(folder)
    edited: Pair | None = None
    while True:
        pairs, stale = judging.undecided(folder, corpus)
        if not pairs:
            typer.echo("Nothing is left to judge.  [u]ndo the last decision, any other key to end")
            if _key() != "u" or judging.undo(folder) is None:
                break
            continue
        pair = edited or pairs[0]
        edited = None
        _show(console, pair, len(pairs))
        match _key():
            case "a":
                judging.accept(folder, pair)
            case "s":
                judging.skip(folder, pair)
            case "e":
                edited = _edit(pair)
            case "u":
                typer.echo(f"Back to {undone}." if (undone := judging.undo(folder)) else "There is nothing to undo.")
            case "q":
                break
            case _:
                typer.echo(KEYS)
                edited = pair
    _close(folder, judging.accepted(folder), len(pairs), stale)


def _show(console: "Console", pair: "Pair", left: int) -> None:
    from rich.text import Text

    passage = pair.passage()
    start, end = pair.evidence.start - passage.start, pair.evidence.end - passage.start
    before, quote, after = passage.text[:start], passage.text[start:end], passage.text[end:]
    console.rule(Text(plain(f"{pair.evidence.source} · {pair.id} · {left} left")))
    console.print(Text.assemble((plain(before), "dim"), (f"⟦{plain(quote)}⟧", "bold"), (plain(after), "dim")))
    console.print(Text(f"\nQuestion: {plain(pair.question)}\nAnswer:   {plain(pair.answer)}\n"))
    console.print(Text(KEYS, "dim"))


def _key() -> str:
    """The key that is pressed; the end of what can be typed quits."""
    from eval.suite import SuiteError

    try:
        return typer.getchar().lower() or "q"
    except EOFError:
        return "q"
    except OSError as error:
        raise SuiteError("drafts are judged with keys; start this in a terminal") from error


def _edit(pair: "Pair") -> "Pair":
    question = typer.prompt("Question", default=plain(pair.question))
    answer = typer.prompt("Answer, or several parted by |", default=plain(pair.answer))
    changed = pair.edited(question, answer)
    for one in changed.answers:
        if not changed.carries(one):
            typer.echo(f"Mind: {one!r} does not stand in the passage; the quote stays as it is.")
    return changed


def _close(folder: Path, accepted: int, left: int, stale: int) -> None:
    if stale:
        typer.echo(
            f"{_count(stale, 'draft')} left out: the documents have changed, and the quote is not there any more."
        )
    typer.echo(f"{folder}: {_count(accepted, 'case')} accepted, {left} left to judge")
    if left:
        typer.echo(f"Go on with: footnoted gold review {folder}")
    if accepted:
        typer.echo(f"Run it with: footnoted eval {folder}")


def _drafted(folder: Path) -> int:
    from eval.gold import read_drafts

    return sum(bool(one.id) for one in read_drafts(folder))


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
