"""Settings come from the environment, and say so when they make no sense."""

import pytest
from pydantic import SecretStr, ValidationError

from assistant.errors import SettingsError
from assistant.settings import ELSEWHERE, PREFIX, Settings, from_environment

SECRET = "sk-very-secret"


def test_an_environment_that_says_nothing_gives_the_defaults() -> None:
    settings = from_environment()
    assert (settings.model, settings.openai_base_url, settings.openai_api_key) == (None, None, None)
    assert settings == Settings()


def test_each_setting_has_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "FOOTNOTED_MODEL": "llama3.1",
        "FOOTNOTED_CHROMA_URL": "http://localhost:8000",
        "FOOTNOTED_RETRIEVAL": "lexical",
        "FOOTNOTED_PASSAGES": "5",
        "FOOTNOTED_EVIDENCE_TOKENS": "1234",
        "FOOTNOTED_ANSWER_TOKENS": "99",
        "FOOTNOTED_RISK": "0.25",
        "FOOTNOTED_CALIBRATION": "mine.json",
        "FOOTNOTED_ADAPTER": "stated.gguf",
        "FOOTNOTED_LOGIN": SECRET,
        "FOOTNOTED_TIMEOUT_SECONDS": "7.5",
        "OPENAI_BASE_URL": "http://localhost:11434/v1",
        "OPENAI_API_KEY": SECRET,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    expected = {name.removeprefix(PREFIX).lower(): value for name, value in values.items()}
    found = {name: getattr(from_environment(), name) for name in Settings.model_fields}
    found |= {name: found[name].get_secret_value() for name in ("openai_api_key", "login")}
    assert {name: str(value) for name, value in found.items()} == expected


def test_a_model_on_the_command_line_goes_before_the_one_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTED_MODEL", "one")
    assert from_environment().model == "one"
    assert from_environment("other").model == "other"


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTED_PASSAGES", "")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert from_environment() == Settings()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("FOOTNOTED_MODLE", "did you mean FOOTNOTED_MODEL"),
        ("FOOTNOTED_CALIBRATON", "did you mean FOOTNOTED_CALIBRATION"),
        ("FOOTNOTED_XYZZY", "known are: .*FOOTNOTED_ANSWER_TOKENS"),
    ],
)
def test_an_unknown_name_is_an_error_that_suggests_another(
    monkeypatch: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=f"there is no setting {name}; {hint}"):
        from_environment()


@pytest.mark.parametrize("name", ELSEWHERE)
def test_names_that_other_parts_read_are_known(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "somewhere")
    assert from_environment() == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FOOTNOTED_PASSAGES", "many"),
        ("FOOTNOTED_PASSAGES", "0"),
        ("FOOTNOTED_RISK", "1.5"),
        ("FOOTNOTED_EVIDENCE_TOKENS", "5"),
        ("FOOTNOTED_ANSWER_TOKENS", "-1"),
        ("FOOTNOTED_TIMEOUT_SECONDS", "0"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_with_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{name} is '{value}'"):
        from_environment()


def test_the_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    settings = from_environment()
    assert SECRET not in f"{settings} {settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    assert isinstance(settings.openai_api_key, SecretStr)
    assert settings.openai_api_key.get_secret_value() == SECRET


def test_settings_are_frozen_and_know_their_names() -> None:
    with pytest.raises(ValidationError):
        Settings().risk = 0.1
    with pytest.raises(ValidationError):
        Settings(rsk=0.1)  # type: ignore[call-arg]
