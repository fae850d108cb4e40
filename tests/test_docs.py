"""What is written about the code is compared with the code."""

import hashlib
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer

import assistant
import index
import seeds
from assistant import calibration
from assistant.cli import GROUP, add, app
from assistant.settings import ELSEWHERE, PREFIX, Settings
from eval.calibrate import Calibrated
from eval.core import LABELS, read_result
from eval.report.labels import figure, interval

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PACKAGES = ("assistant", "index", "eval")


def commands() -> dict[str, Any]:
    whole = typer.Typer()
    whole.registered_callback = app.registered_callback
    whole.registered_commands = list(app.registered_commands)
    for command in entry_points(group=GROUP):
        add(whole, command.name, command.load())
    # Typer carries a click of its own, whose types have no public name.
    group: Any = typer.main.get_command(whole)
    return dict(leaves(group.commands))


def leaves(commands: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command.commands, f"{before}{name} ")
        else:
            yield before + name, command


def modules() -> list[Path]:
    return sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py") if path.name != "__init__.py")


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_readme_has_the_figures_of_the_baseline() -> None:
    result = read_result(ROOT / "eval" / "baselines" / "seeds.json")
    said = section("How good it is")
    assert f"(`uv run footnoted eval`,\n{result.manifest.begun[:10]})" in said
    for name in ("answered_right", "refused_right", "citation_validity", "citation_hit"):
        label, estimate = LABELS[name], result.estimates[name]
        (row,) = [line for line in said.splitlines() if line.startswith(f"| {label.title}")]
        assert row.endswith(f"| {figure(estimate.value, label.unit)} | {interval(estimate, label.unit)} |")


def section(heading: str) -> str:
    _, found, rest = README.partition(f"\n## {heading}\n")
    assert found, f"the README has no heading {heading!r}"
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize("command", ["pip install uv && uv run footnoted", "pip install uv && uv run pytest"])
def test_the_readme_starts_with_two_commands(command: str) -> None:
    assert f"\n```sh\n{command}\n```\n" in README


def test_the_readme_has_no_place_left_to_fill() -> None:
    assert re.findall(r"^[A-Z_]{4,}$", README, re.MULTILINE) == []


def test_the_readme_lists_every_command_with_its_options() -> None:
    rows = {row.split("|")[1]: row for row in section("Commands").splitlines() if row.startswith("| `")}
    for name, command in commands().items():
        row = next((row for cell, row in rows.items() if f"footnoted {name}" in cell), "")
        assert row, f"the README's table of commands lacks `footnoted {name}`"
        for parameter in command.params:
            if parameter.param_type_name == "option":
                names = [*parameter.opts, *parameter.secondary_opts]
                assert any(f"`{option}`" in row for option in names), f"{name}: {names}"
    assert len(rows) == len(commands())


def test_the_readme_lists_every_setting_and_no_other() -> None:
    own = {name.upper() if name.startswith("openai_") else f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", README, re.MULTILINE))
    assert listed == own | set(ELSEWHERE)


def test_settings_that_others_read_are_read() -> None:
    code = "\n".join(path.read_text("utf-8") for path in modules() if path.name != "settings.py")
    for name in ELSEWHERE:
        assert f'"{name}"' in code, f"nothing reads {name}"


def test_the_readme_tells_the_defaults() -> None:
    for name, field in Settings.model_fields.items():
        if field.default is not None:
            row = next(line for line in README.splitlines() if line.startswith(f"| `{PREFIX}{name.upper()}`"))
            default = field.default if isinstance(field.default, str) else f"{field.default:g}"
            assert f"({default})" in row, row


def tree() -> str:
    """The block of the README that lists the files."""
    blocks = re.findall(r"\n```text\n(.*?)\n```", README, re.DOTALL)
    return next((block for block in blocks if "assistant/" in block and "core.py" in block), "")


def test_the_readme_prints_every_module_in_its_tree() -> None:
    printed = Counter(re.findall(r"\b\w+\.py\b", tree()))
    there = Counter(path.name for path in modules())
    assert dict(there - printed) == {}, "these are not in the tree"
    assert dict(printed - Counter(path.name for path in tracked())) == {}, "these are gone"


def test_links_in_the_documents_lead_somewhere() -> None:
    for document in ROOT.glob("*.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_module_says_what_it_is() -> None:
    for path in modules():
        assert path.read_text("utf-8").startswith('"""'), path


def test_the_public_names_are_these() -> None:
    assert assistant.__all__ == ["Answer", "Assistant", "Citation", "Turn", "ask"]
    assert index.__all__ == [
        "AddReport",
        "CheckReport",
        "Document",
        "FileReport",
        "Heading",
        "Hit",
        "Index",
        "Passage",
        "Progress",
        "Sentence",
        "Span",
        "State",
    ]
    assert seeds.__all__ == ["PATH"]


def test_the_article_is_the_one_that_was_given() -> None:
    (article,) = seeds.PATH.glob("*.txt")
    digest = hashlib.sha256(article.read_bytes()).hexdigest()
    assert digest == "1d277cccf9fc0d63ae95f600f236a0260f9617ed38839e538d7e438a2ea265da"
    about = (seeds.PATH / "README.md").read_text("utf-8")
    assert digest in about
    assert article.name in about


def test_the_licence_is_there() -> None:
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert "Apache License" in licence
    assert "Version 2.0" in licence


def test_no_file_names_a_registry_or_a_folder_of_somebodys_machine() -> None:
    # Whoever installs this uses a registry of their own, and whoever reads it has folders of their own.
    hosts = ("pypi" + ".org", "python" + "hosted.org", "test.pypi" + ".org", "index" + "-url =", "/simple" + "/")
    folders = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/")
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in tracked()
        for word in (*hosts, *folders)
        if word.encode() in path.read_bytes()
    ]
    assert found == []


def test_the_readme_has_what_comes_of_each_risk() -> None:
    report = Calibrated.model_validate_json((ROOT / "eval" / "baselines" / "calibration.json").read_bytes())
    said = " ".join(section("How good it is").split())
    for share in report.curve[1:]:
        assert f"| {share.risk:.1f} | {share.answered:.1%} | {share.wrong:.1%} |" in said
    auroc, error, brier = (report.estimates[name] for name in ("auroc", "calibration_error", "brier"))
    assert f"On {report.cases} cases" in said
    assert f"AUROC {auroc.value:.3f} ({auroc.low:.3f}–{auroc.high:.3f})" in said
    assert f"is {error.value:.3f} ({error.low:.3f}–{error.high:.3f}) off" in said
    assert f"over the {error.n} of them" in said
    assert f"Brier score {brier.value:.3f}" in said
    assert report.calibration == calibration.of(report.calibration.model, report.calibration.adapter)
