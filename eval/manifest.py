"""Say what a run is of: the suite, the model, the prompts, the code, the settings, the machine."""

import contextlib
import hashlib
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from assistant import prompts
from assistant.llm import Model, host
from assistant.settings import Settings
from eval.result import Manifest
from eval.suite import Case, Suite
from index import split

ROOT = Path(__file__).parent.parent
# What decides what is found and said; the page and the command line don't.
ANSWERING = ("index", "assistant", "eval")
LOOKS = ("web", "report", "suites", "baselines", "cli.py", "progress.py")
LIBRARIES = (
    "footnoted",
    "chromadb",
    "llama-index-core",
    "onnxruntime",
    "sentencex",
    "snowballstemmer",
    "tantivy",
    "tiktoken",
    "xllamacpp",
)
# Two runs that differ in these alone are the same run, made again.
CIRCUMSTANCES = {"machine", "begun", "peak_memory_mb"}


def manifest(  # noqa: PLR0917 - what a manifest is made of
    suite: Suite, cases: Sequence[Case], system: str, model: Model, settings: Settings, options: Mapping[str, str]
) -> Manifest:
    """Describe a run that is about to begin."""
    return Manifest(
        suite=suite.name,
        suite_hash=suite.hash,
        corpus_hash=suite.corpus_hash,
        system=system,
        model=model.name,
        model_hash=model.identity(),
        adapter=model.taught(),
        prompts=prompts.VERSION,
        code=_code(),
        settings=_plain(settings),
        options={**options, "cases": _digest(case.id for case in cases), "splitter": split.VERSION},
        versions={"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        begun=datetime.now().astimezone().isoformat(timespec="seconds"),
        cases=len(cases),
    )


def identity(of: Manifest) -> str:
    """What tells a run from every other, in hex: equal for the same run made again."""
    return hashlib.sha256(of.model_dump_json(exclude=CIRCUMSTANCES).encode()).hexdigest()


def peak_memory(model: Model) -> dict[str, int]:
    """The most memory, in MB, that this process and that of the model have had so far, where the system tells."""
    found: dict[str, int] = {}
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        # Linux counts in kilobytes, macOS in bytes.
        unit = 1_000_000 if sys.platform == "darwin" else 1_000
        found["footnoted"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
    pid = model.pid()
    with contextlib.suppress(OSError, ValueError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        # A process that has ended, or another kind of system, may not tell.
        if peaks := [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]:
            found["model"] = peaks[0] // 1000
    return found


def _plain(settings: Settings) -> dict[str, str]:
    shown = settings.model_dump(exclude={"openai_api_key", "openai_base_url"})
    if settings.openai_base_url is not None:
        shown["openai_base_url"] = host(settings.openai_base_url)
    if settings.calibration is not None:
        # Not where it is: two files that say the same are the same.
        shown["calibration"] = hashlib.sha256(settings.calibration.read_bytes()).hexdigest()[:16]
    return {name: str(value) for name, value in shown.items() if value is not None}


def _code() -> str:
    digest = hashlib.sha256()
    for path in sorted(_files()):
        digest.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for package in ANSWERING:
        for path in (ROOT / package).rglob("*"):
            if path.suffix in (".py", ".json") and not set(LOOKS) & set(path.relative_to(ROOT).parts):
                yield path


def _digest(values: Iterator[str]) -> str:
    return hashlib.sha256("\n".join(values).encode()).hexdigest()[:16]
