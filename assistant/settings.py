"""What can be set, each with its reason. Read from the environment; unknown ``FOOTNOTED_`` names are errors."""

import difflib
import os
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from assistant.errors import SettingsError
from index.types import Retrieval

PREFIX = "FOOTNOTED_"
EMBEDDED_MODEL = "qwen2.5-coder-1.5b"
# Read by other parts of Footnoted, which have no settings of their own.
ELSEWHERE = ("FOOTNOTED_CACHE", "FOOTNOTED_DATA", "FOOTNOTED_MODELS_DIR", "FOOTNOTED_SUITES")


class Settings(BaseSettings):
    """The settings of one Assistant.

    Attributes:
        model: The model that writes: one of the embedded names, a ``.gguf`` file, or a name that the endpoint knows.
            None takes the embedded default, or the only model of the endpoint that ``openai_base_url`` names.
        openai_base_url: An OpenAI-compatible endpoint. Setting it, or naming a model that is not embedded, is what
            sends text away; a key alone doesn't.
        openai_api_key: Its key.
        chroma_url: A Chroma server that holds the vectors of your indexes, such as ``http://localhost:8000``, for many
            machines or a great many passages. None keeps them in each index's own folder.
        retrieval: Whether passages are found by their words (``lexical``), by their ``vectors``, or by ``both``.
        passages: How many passages a search returns; more find more and read slower.
        evidence_tokens: How many tokens of passages are read for a question. None takes 700 for the embedded model,
            which reads 42 tokens a second on two cores, and 4,000 for an endpoint.
        answer_tokens: How long an answer may get.
        risk: How likely an answer may be wrong, 0–1: a question whose answer is more likely wrong is refused. Lower
            answers less and errs less.
        calibration: A file of ``footnoted eval --calibrate`` that tells how likely a model's answers are right. None
            takes the one that ships, which was fitted on the embedded default.
        adapter: A GGUF file that ``scripts/train.py`` wrote for the embedded default, with which it tells whether
            documents state an answer; ``assistant/stated.gguf`` is one. None asks it as it is.
        login: ``name:password`` of who may open the page, several separated by commas. None lets in all who can reach
            it, which by default is this machine alone.
        timeout_seconds: How long a model may stay silent.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    model: str | None = None
    openai_base_url: str | None = Field(default=None, validation_alias="OPENAI_BASE_URL")
    openai_api_key: SecretStr | None = Field(default=None, validation_alias="OPENAI_API_KEY")
    chroma_url: str | None = None
    retrieval: Retrieval = "both"
    passages: int = Field(default=10, ge=1, le=100)
    evidence_tokens: int | None = Field(default=None, ge=100, le=100_000)
    answer_tokens: int = Field(default=160, ge=16, le=4096)
    # Cross-validated on what the confidence was fitted on, .6 answers .65 of what SQuAD 2.0 answers rightly and refuses
    # .77 of the rest, .5 answers .58 and refuses .87; of ClapNQ .39 and .97, .35 and .97; of the development questions
    # .82 and .91, .82 and .94. Whoever reads a footnote can see what it says; a refusal can't be checked so quickly.
    risk: float = Field(default=0.6, ge=0, le=1)
    calibration: Path | None = None
    adapter: Path | None = None
    login: SecretStr | None = None
    timeout_seconds: float = Field(default=120.0, gt=0)


def from_environment(model: str | None = None) -> Settings:
    """The settings that the environment gives, with a model named on the command line before one named there.

    Raises:
        SettingsError: A value makes no sense, or a name that begins with ``FOOTNOTED_`` is not known.
    """
    _refuse_unknown()
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        name = name if name.isupper() else f"{PREFIX}{name.upper()}"
        raise SettingsError(f"{name} is {first['input']!r}: {first['msg']}") from error
    return settings if model is None else settings.model_copy(update={"model": model})


def _refuse_unknown() -> None:
    known = [
        *ELSEWHERE,
        *(f"{PREFIX}{name.upper()}" for name in Settings.model_fields if not name.startswith("openai")),
    ]
    for name in os.environ:
        if name.startswith(PREFIX) and name not in known:
            # Without the prefix, which makes any two names alike.
            near = difflib.get_close_matches(name[len(PREFIX) :], [one[len(PREFIX) :] for one in known], n=1)
            hint = f"did you mean {PREFIX}{near[0]}?" if near else f"known are: {', '.join(known)}"
            raise SettingsError(f"there is no setting {name}; {hint}")
