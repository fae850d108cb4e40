"""The command line, as it is typed: every test starts a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from assistant.core import shipped_files
from index import Document, Index
from index.core import DEFAULT_MODEL
from tests.fakes import Asked, Endpoint, Reply, endpoint
from tests.test_index_embedding import Failing

COMMANDS = ("chat", "ask", "index", "remove", "check", "models", "eval")
SLOW = ("llama_index", "chromadb", "gradio", "xllamacpp", "openai", "onnxruntime", "tantivy", "tiktoken", "httpx")
MINISTER = "Who is Japan's foreign minister?"
KISHIDA = "The foreign minister is Fumio Kishida."
PATIENCE = 120


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory, models_folder: Path) -> Mapping[str, str]:
    """A cache of the tests' own, with nothing in it but what they make, and a model that is nowhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FOOTNOTED_", "OPENAI_"))}
    cache = str(tmp_path_factory.mktemp("cache"))
    return kept | {"FOOTNOTED_CACHE": cache, "FOOTNOTED_MODELS_DIR": str(models_folder), "COLUMNS": "200"}


class Shell:
    """Types commands in a folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = dict(environment)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "assistant", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err, err
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def use(self, server: Endpoint) -> None:
        """Let the endpoint write."""
        self.environment |= {"OPENAI_BASE_URL": server.url, "FOOTNOTED_MODEL": "tiny", "FOOTNOTED_RISK": "1"}


@pytest.fixture
def shell(tmp_path: Path, environment: Mapping[str, str]) -> Shell:
    return Shell(tmp_path, environment)


def imported_by(code: str) -> set[str]:
    """The slow packages that are imported after running some code."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('\\n', *sys.modules)"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.rpartition("\n ")[2].split()}
    assert "assistant" in loaded
    return loaded & set(SLOW)


def test_help_names_every_command_and_waits_for_nothing_slow(shell: Shell) -> None:
    done = shell.run("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} " in done.stdout
    code = "import sys, contextlib\nfrom assistant.cli import main\nsys.argv = ['footnoted', '--help']\n"
    assert imported_by(f"{code}with contextlib.suppress(SystemExit): main()") == set()


def test_importing_the_public_names_waits_for_nothing_slow() -> None:
    assert imported_by("from assistant import Answer, Citation, Turn") == set()
    assert imported_by("from eval.cli import evaluate; import assistant") == set()


def test_options_without_a_command_are_those_of_the_chat_page(shell: Shell) -> None:
    done = shell.run("--model", "gone.gguf", "--no-browser")
    assert done.returncode == 1
    assert "there is no model file gone.gguf" in done.stderr


def test_an_unknown_option_is_a_usage_error(shell: Shell) -> None:
    done = shell.run("ask", "Who?", "--indx", "here")
    assert done.returncode == 2
    assert "--indx" in done.stderr


def test_documents_are_indexed_checked_and_asked(shell: Shell) -> None:
    documents = shell.folder / "documents"
    documents.mkdir()
    (documents / "bakery.txt").write_text("Anna Berg opened the Oslo bakery in 1987. It sells bread.", "utf-8")
    (documents / "cafe.txt").write_bytes("The café in Bergen opens at nine. It sells brød.".encode("latin-1"))
    (documents / "binary.txt").write_bytes(bytes(range(256)))
    (documents / "empty.txt").write_text(" \n", "utf-8")
    (documents / "photo.jpg").write_bytes(b"\xff\xd8")

    done = shell.run("index", "documents")
    assert done.returncode == 1
    assert "failed: binary.txt: looks like a binary file, not text" in done.stderr
    assert "failed: empty.txt: is empty" in done.stderr
    assert ".footnoted: 2 added, 2 failed, 1 skipped" in done.stdout

    for name in ("binary.txt", "empty.txt"):
        (documents / name).unlink()
    done = shell.run("index", "documents")
    assert done.returncode == 0
    assert ".footnoted: 2 unchanged, 1 skipped" in done.stdout
    assert "skipped, since they can't be read: .jpg" in done.stdout
    assert "Ask with: footnoted ask" in done.stdout

    (documents / "bakery.txt").write_text("Anna Berg closed the bakery.", "utf-8")
    (documents / "cafe.txt").unlink()
    done = shell.run("check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "2 documents, 2 passages",
        "changed since: bakery.txt",
        "gone: cafe.txt",
        "sound: every passage stands in its document, and the stores agree",
    ]

    with endpoint(Reply("The café opens at nine.")) as server:
        shell.use(server)
        done = shell.run("ask", "When does the café in Bergen open?")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "The café opens at nine [1]."
    assert "[1] The café in Bergen opens at nine." in done.stdout
    assert "cafe.txt, characters 0–33" in done.stdout


def test_a_file_name_is_shown_but_not_obeyed(shell: Shell) -> None:
    shell.environment["FORCE_COLOR"] = "1"  # Bars are drawn, as in a terminal.
    (shell.folder / "documents").mkdir()
    (shell.folder / "documents" / "\x1b]0;owned\x07\x9b2J.txt").write_text("Anna Berg opened the bakery.", "utf-8")
    done = shell.run("index", "documents")
    assert done.returncode == 0, done.stderr
    assert "�]0;owned��2J.txt" in done.stderr
    assert re.findall(r"\x1b\]|\x07|\x9b", done.stderr + done.stdout) == []


@pytest.mark.parametrize("index", [".footnoted", "elsewhere"])
def test_what_is_not_embedded_yet_is_said_with_the_command_that_goes_on(shell: Shell, index: str) -> None:
    with Index.open(shell.folder / index, Failing(model_name=DEFAULT_MODEL)) as opened:
        opened.add_documents([Document("1", ("a.txt",), "A", "The café opens at nine.", "text/plain", "1")], wait=False)
    at = () if index == ".footnoted" else ("--index", index)
    command = " ".join(["footnoted index", *at])
    checked = shell.run("check", *at)
    assert f"1 of them are found by their words alone so far; finish with: {command}\n" in checked.stdout
    with endpoint(Reply("The café opens at nine.")) as server:
        shell.use(server)
        asked = shell.run("ask", "When does the café open?", *at)
    assert f"1 passages were found by their words alone; go on with: {command}\n" in asked.stderr
    assert shell.run(*command.split()[1:]).stdout == f"{index}: 1 documents, 1 passages\n"
    assert "found by their words alone" not in shell.run("check", *at).stdout


def test_an_index_that_is_missing_is_said_so(shell: Shell) -> None:
    for command in (("ask", "Who?"), ("check",)):
        done = shell.run(*command, "--index", "missing")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == "footnoted: no index at missing; make one with: footnoted index FILES --index missing\n"
    assert list(shell.folder.iterdir()) == []


def test_files_that_are_missing_are_said_so(shell: Shell) -> None:
    done = shell.run("index", "missing.txt")
    assert done.returncode == 1
    assert "failed: missing.txt: can't be read: No such file" in done.stderr


def test_the_whole_answer_is_printed_as_json(shell: Shell) -> None:
    with endpoint(Reply(KISHIDA)) as server:
        shell.use(server)
        done = shell.run("ask", MINISTER, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["answered"], answer["kind"], answer["reason"]) == (True, "answer", None)
    assert answer["text"] == "The foreign minister is Fumio Kishida [1]."
    (citation,) = answer["citations"]
    (article,) = shipped_files()
    assert article.read_text("utf-8")[citation["start"] : citation["end"]] == citation["quote"]
    assert citation["source"] == article.name
    assert answer["usage"]["model"] == "tiny"


def test_a_setting_that_makes_no_sense_is_said_so(shell: Shell) -> None:
    shell.environment["FOOTNOTED_RSK"] = "0.5"
    done = shell.run("ask", MINISTER)
    assert done.returncode == 1
    assert done.stderr == "footnoted: there is no setting FOOTNOTED_RSK; did you mean FOOTNOTED_RISK?\n"


def test_an_endpoint_that_is_not_there_is_said_so(shell: Shell) -> None:
    shell.environment |= {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "FOOTNOTED_MODEL": "tiny"}
    done = shell.run("ask", MINISTER)
    assert done.returncode == 1
    assert "footnoted: nothing answers at 127.0.0.1:9" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_question_at_once_and_hangs_up(shell: Shell, number: signal.Signals) -> None:
    asked = threading.Event()

    def slowly(_: object) -> Reply:
        asked.set()
        return Reply("word " * 1000, pause=0.05)

    with Endpoint(slowly) as server:
        shell.use(server)
        with shell.start("ask", MINISTER) as process:
            assert asked.wait(PATIENCE)
            process.send_signal(number)
            _, err = process.communicate(timeout=10)
        assert "Traceback" not in err
        assert process.returncode == 128 + number
        assert server.hung_up.wait(10)


def test_model_files_are_listed(shell: Shell) -> None:
    done = shell.run("models")
    assert done.returncode == 0
    assert "minilm" in done.stdout
    assert "qwen2.5-coder-1.5b" in done.stdout
    assert "from your folder" in done.stdout
    assert "not fetched yet" in done.stdout
    assert "Apache-2.0" in done.stdout
    done = shell.run("models", "--stop")
    assert (done.returncode, done.stdout) == (0, "ended 0 embedded model processes\n")


def test_a_suite_is_run_and_its_scores_are_printed_and_written(shell: Shell) -> None:
    with Endpoint(lambda asked: Reply(KISHIDA if asked.question == MINISTER else "Not stated.")) as server:
        shell.use(server)
        done = shell.run("eval", "seeds", "--only", "fact", "--json", "result.json")
    assert done.returncode == 0, done.stderr
    assert "seeds · footnoted · tiny" in done.stdout
    assert "answerable questions answered" in done.stdout
    written = json.loads((shell.folder / "result.json").read_text("utf-8"))
    right = {row["case"]: row["values"]["right"] for row in written["rows"]}
    assert (right["fact-01"], sum(right.values())) == (1.0, 1.0)
    report = shell.folder / done.stdout.rpartition("Report: ")[2].strip()
    assert "Who is Japan" in report.read_text("utf-8")


def test_a_run_that_is_killed_goes_on_where_it_was(shell: Shell) -> None:
    fifth = threading.Event()

    def answer(asked: Asked) -> Reply:
        if len(server.asked) == 5:
            fifth.set()
        return Reply(KISHIDA, silence=0.1)

    with Endpoint(answer) as server:
        shell.use(server)
        with shell.start("eval", "seeds", "--only", "fact", "--json", "result.json") as process:
            assert fifth.wait(PATIENCE)
            process.kill()
            process.communicate()
        done = shell.run("eval", "seeds", "--only", "fact", "--json", "result.json")
        questions = [asked.question for asked in server.asked]
    assert done.returncode == 0, done.stderr
    rows = json.loads((shell.folder / "result.json").read_text("utf-8"))["rows"]
    assert len(rows) == len(set(questions))
    # The one that was being asked when the kill came.
    assert len(questions) <= len(rows) + 1


def test_a_table_of_ones_own_becomes_a_report_in_two_commands(shell: Shell) -> None:
    notes = shell.folder / "notes"
    notes.mkdir()
    lines = ["question,answer,document,quote"]
    for number in range(20):
        sentence = f"The bakery in street {number} opened in {1900 + number}."
        (notes / f"{number}.md").write_text(f"# Street {number}\n\n{sentence} It sells bread.\n", "utf-8")
        lines.append(f"When did the bakery in street {number} open?,{1900 + number},{number}.md,{sentence}")
    (shell.folder / "questions.csv").write_text("\n".join(lines), "utf-8")

    def answer(asked: Asked) -> Reply:
        street = asked.question.split()[-2]
        return Reply(f"The bakery in street {street} opened in {1900 + int(street)}.")

    with Endpoint(answer) as server:
        shell.use(server)
        made = shell.run("gold", "import", "questions.csv", "--documents", "notes", "--into", "mine")
        done = shell.run("eval", "mine", "--json", "result.json")
    assert made.returncode == 0, made.stderr
    assert "mine: 20 cases" in made.stdout
    assert "footnoted eval mine" in made.stdout
    assert done.returncode == 0, done.stderr
    estimates = json.loads((shell.folder / "result.json").read_text("utf-8"))["estimates"]
    for metric in ("answered_right", "citation_validity", "citation_hit"):
        assert (estimates[metric]["value"], estimates[metric]["n"]) == (1.0, 20), metric
    report = shell.folder / done.stdout.rpartition("Report: ")[2].strip()
    assert "When did the bakery in street 19 open?" in report.read_text("utf-8")


def test_a_gate_ends_with_status_1_where_a_run_is_worse_beyond_doubt(shell: Shell) -> None:
    gate = ("--baseline", "before.json", "--fail-on", "answered_right<-0.03,errors>0")
    with Endpoint(lambda asked: Reply(KISHIDA)) as server:
        shell.use(server)
        before = shell.run("eval", "seeds", "--only", "fact", "--json", "before.json")
        same = shell.run("eval", "seeds", "--only", "fact", *gate)
    assert (before.returncode, same.returncode) == (0, 0), same.stdout + same.stderr
    rows = json.loads((shell.folder / "before.json").read_text("utf-8"))
    for row in rows["rows"]:
        row["values"]["right"] = 1.0
    (shell.folder / "before.json").write_text(json.dumps(rows), "utf-8")
    with Endpoint(lambda asked: Reply("Not stated.")) as server:
        shell.use(server)
        worse = shell.run("eval", "seeds", "--only", "fact", *gate)
    assert worse.returncode == 1
    assert "broken: answered_right<-0.03: it went from 1 to 0" in worse.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sedes",), "footnoted: no suite 'sedes'"),
        (("seeds", "--only", "guess"), "footnoted: seeds has no cases of the kind 'guess'; there are: "),
        (("seeds", "--peer", "haystack"), "footnoted: no peer is called 'haystack'; there is: llamaindex"),
        (("seeds", "--fail-on", "answered_right<-0.03"), "footnoted: a rule about a change needs"),
        (("seeds", "--baseline", "gone.json"), "footnoted: the baseline gone.json can't be read"),
    ],
)
def test_a_suite_or_kind_that_is_none_is_said_so(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    done = shell.run("eval", *arguments)
    assert done.returncode == 1
    assert said in done.stderr


def test_a_document_is_forgotten_by_the_name_that_footnotes_show(shell: Shell) -> None:
    (shell.folder / "cats.txt").write_text("Cats purr.", "utf-8")
    assert shell.run("index", "cats.txt").returncode == 0
    done = shell.run("remove", "cats.txt")
    assert (done.returncode, done.stdout) == (0, "forgotten: cats.txt\n")
    assert "0 documents" in shell.run("check").stdout
    again = shell.run("remove", "cats.txt")
    assert (again.returncode, again.stderr) == (1, "footnoted: cats.txt: is not in the index\n")
    assert (shell.folder / "cats.txt").exists()


def test_what_was_begun_can_be_finished_without_naming_files(shell: Shell) -> None:
    (shell.folder / "cats.txt").write_text("Cats purr.", "utf-8")
    assert "no index at" in shell.run("index").stderr
    assert shell.run("index", "cats.txt").returncode == 0
    assert "1 documents, 1 passages" in shell.run("index").stdout
