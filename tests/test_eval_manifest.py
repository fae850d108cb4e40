"""What a run is of."""

import pytest
from pydantic import SecretStr

from assistant.llm import wrap
from assistant.settings import Settings
from eval.manifest import identity, manifest, peak_memory
from eval.result import Manifest
from eval.suite import Suite, find, read
from tests.fakes import ScriptedLLM

WRITER = wrap(ScriptedLLM())


@pytest.fixture(scope="module")
def seeds() -> Suite:
    return read(find("seeds"))


def made(suite: Suite, **changed: object) -> Manifest:
    settings = Settings(
        openai_base_url="http://user:secret@models.example:8000/v1", openai_api_key=SecretStr("sk-secret")
    ).model_copy(update=changed)
    return manifest(suite, suite.cases, "footnoted", WRITER, settings, {})


def test_it_says_what_was_asked_of_whom(seeds: Suite) -> None:
    found = made(seeds)
    assert (found.suite, found.system, found.cases) == ("seeds", "footnoted", len(seeds.cases))
    assert found.settings["risk"] == "0.6"
    assert set(found.versions) >= {"python", "footnoted", "chromadb", "tantivy", "xllamacpp"}
    assert len(found.code) == len(found.suite_hash) == len(found.corpus_hash) == 64


def test_no_secret_is_written_down(seeds: Suite) -> None:
    written = made(seeds).model_dump_json()
    assert "secret" not in written
    assert "models.example:8000" in written


def test_the_same_run_made_again_is_the_same_run(seeds: Suite) -> None:
    first = made(seeds)
    again = first.model_copy(update={"begun": "2000-01-01", "machine": "another", "peak_memory_mb": {"footnoted": 1}})
    assert identity(first) == identity(again) == identity(made(seeds))


@pytest.mark.parametrize("field", ["suite_hash", "corpus_hash", "system", "model_hash", "prompts", "code"])
def test_whatever_can_change_an_answer_makes_it_another_run(seeds: Suite, field: str) -> None:
    first = made(seeds)
    assert identity(first) != identity(first.model_copy(update={field: "another"}))


def test_so_do_settings_and_cases(seeds: Suite) -> None:
    assert identity(made(seeds)) != identity(made(seeds, risk=0.4))
    some = manifest(seeds, seeds.cases[:3], "footnoted", WRITER, Settings(), {})
    others = manifest(seeds, seeds.cases[3:6], "footnoted", WRITER, Settings(), {})
    assert identity(some) != identity(others)


def test_memory_is_told_in_megabytes() -> None:
    assert 20 < peak_memory(WRITER)["footnoted"] < 100_000
