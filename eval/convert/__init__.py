"""Import questions and answers in the formats that others keep them in, as a suite."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from eval.convert import beir, mtrag, qa, squad
from eval.convert.made import Made, Options, text_of, write
from eval.convert.table import field
from eval.lines import SuiteError, parsed

__all__ = ["FORMATS", "Format", "Made", "Options", "convert", "recognise", "write"]


class Format(NamedTuple):
    """A format that can be imported.

    Attributes:
        convert: Reads a file or folder.
        takes: Which options it heeds.
    """

    convert: Callable[[Path, Options], Made]
    takes: frozenset[str] = frozenset()


FORMATS = {
    "qa": Format(qa.convert, frozenset({"documents"})),
    "squad": Format(squad.convert, frozenset({"mode"})),
    "beir": Format(beir.convert, frozenset({"split"})),
    "mtrag": Format(mtrag.convert),
}
"""What can be imported, by name."""


def convert(path: Path, name: str | None = None, options: Options = Options()) -> Made:  # noqa: B008 - it is frozen
    """Make a suite of a file or folder.

    Args:
        path: What is imported.
        name: Its format; told from the content where it is None.
        options: How.

    Raises:
        SuiteError: The format is unknown, an option has no meaning in it, or something in the file is wrong.
    """
    name = name or recognise(path)
    if name not in FORMATS:
        raise SuiteError(f"there is no format {name!r} to import; there are: {', '.join(FORMATS)}")
    chosen = FORMATS[name]
    for option in Options.__slots__:
        if getattr(options, option) is not None and option not in chosen.takes:
            raise SuiteError(f"--{option} has no meaning for {path}, whose format is {name}; leave it out")
    return chosen.convert(path, options)


def recognise(path: Path) -> str:
    """The format of a file or folder, by what is in it.

    Raises:
        SuiteError: It is none that can be imported, or is not there.
    """
    if path.is_dir():
        if (path / "queries.jsonl").is_file() and (path / "corpus.jsonl").is_file():
            return "beir"
        raise SuiteError(f"{path} is a folder without queries.jsonl and corpus.jsonl, as BEIR has them; name a file")
    return _of(_beginning(text_of(path)))


def _of(value: Any) -> str:
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        return "squad"
    if isinstance(value, dict) and "input" in value and not any(field(key) == "question" for key in value):
        return "mtrag"
    # Tables say themselves what they lack.
    return "qa"


def _beginning(text: str) -> Any:
    """The first thing in a file of JSON or JSON lines, None for anything else."""
    if not text.lstrip().startswith("{"):
        return None
    for piece in (text.lstrip().split("\n", maxsplit=1)[0], text):
        try:
            return parsed(piece)
        except ValueError:
            continue
    return None
