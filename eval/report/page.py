"""The report as one page that asks nothing of anybody: style, script and drawings stand in it."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup

from eval.outcome import Outcome
from eval.report.cases import answer, cost, first, views
from eval.report.figures import NO_CHANGES, Changes, changes, headlines, metrics
from eval.report.labels import NO_LABELS, Label
from eval.report.plots import plots
from eval.report.text import readable, shortened
from eval.result import Manifest, Result
from eval.suite import Suite

_CHARACTERS = 2_000
_LONG_CHARACTERS = 160


def html(
    result: Result,
    outcomes: Sequence[Outcome],
    suite: Suite,
    changed: Changes = NO_CHANGES,
    labels: Mapping[str, Label] = NO_LABELS,
) -> str:
    """The report of a run as a page.

    Args:
        result: The run, scored.
        outcomes: What came of its cases.
        suite: What was asked, over which documents.
        changed: Since another run.
        labels: What metrics are called, by name; one that has none is called by its name.

    Raises:
        EvalError: The run was of another suite.
    """
    style, script = _resource("report.css"), _resource("report.js")
    shown = views(result, outcomes, suite)
    scored = metrics(result.estimates, labels)
    return _template().render(
        policy=_policy(style, script),
        # These two are ours, and a style or a script that is escaped is another one.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        manifest=result.manifest,
        date=_date(result.manifest.begun),
        facts=_facts(result.manifest, suite),
        headlines=headlines(scored),
        changes=changes(changed.comparisons, labels),
        remarks=changed.remarks,
        plots=plots(result, outcomes),
        metrics=scored,
        views=shown,
        failed=sum(view.failed for view in shown),
        kinds=list(dict.fromkeys(row.kind for row in result.rows)),
    )


def _policy(style: str, script: str) -> str:
    """What the page may do: apply its own style, run its own script, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _date(begun: str) -> str:
    try:
        moment = datetime.fromisoformat(begun)
    except ValueError:
        return begun
    return f"{moment.day} {moment:%B %Y, %H:%M} {moment:%Z}".rstrip()


def _facts(manifest: Manifest, suite: Suite) -> dict[str, Mapping[str, str]]:
    """What a run was of, by heading."""
    return {
        "Suite": {
            "name": manifest.suite,
            "source": suite.source,
            "licence": suite.licence,
            "SHA-256 of the cases": manifest.suite_hash,
            "SHA-256 of the documents": manifest.corpus_hash,
            "cases to be asked": str(manifest.cases),
        },
        "System": {
            "name": manifest.system,
            "model": manifest.model,
            "weights, or where it is asked": manifest.model_hash,
            "prompts": manifest.prompts,
            "SHA-256 of the code": manifest.code,
        },
        "Settings": manifest.settings,
        "Options": manifest.options,
        "Versions": manifest.versions,
        "Machine": {
            "machine": manifest.machine,
            "begun": manifest.begun,
            **{f"peak memory, {name}": f"{used:,} MB" for name, used in manifest.peak_memory_mb.items()},
        },
    }


@cache
def _template() -> jinja2.Template:
    """The page's template: whatever it prints is made readable and escaped, unless it is markup of ours."""
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printed,
    )
    environment.globals |= {"answer": answer, "first": first, "cost": cost}
    environment.filters |= {
        "short": lambda text: shortened(text, _LONG_CHARACTERS),
        "told": lambda text: shortened(text, _CHARACTERS),
    }
    return environment.from_string(_resource("report.html.j2"))


def _printed(value: Any) -> Any:
    return readable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _resource(name: str) -> str:
    return (files("eval.report") / name).read_text("utf-8")
