"""The coefficients of the confidence, with where they come from, as a file of JSON has them.

One file holds a calibration for each model that was fitted; a model without one of its own has the first.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from assistant.errors import SettingsError

SHIPPED = Path(str(files("assistant") / "calibration.json"))


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Logistic(_Row):
    """A logistic model: the log-odds are the intercept and the weighted features.

    Attributes:
        intercept: The log-odds where every feature is 0.
        weights: By the name of the feature.
    """

    intercept: float
    weights: Mapping[str, float]


class Provenance(_Row):
    """What a calibration was fitted on.

    Attributes:
        suites: Their names.
        cases: Which of their cases, in words.
        claims: How many claims that gave.
        prompt: The version of the prompts.
        date: When, in ISO 8601.
        command: What fits it again.
    """

    suites: tuple[str, ...]
    cases: str
    claims: int
    prompt: str
    date: str
    command: str


class Calibration(_Row):
    """How the confidence in one model's claims is computed.

    Attributes:
        model: Whose claims were fitted on.
        adapter: SHA-256 of what it was taught beside its weights; None is nothing.
        provenance: On what.
        with_logprobs: For endpoints that report log-probabilities.
        without_logprobs: For those that don't.
    """

    model: str
    adapter: str | None = None
    provenance: Provenance
    with_logprobs: Logistic
    without_logprobs: Logistic


class _File(_Row):
    calibrations: tuple[Calibration, ...] = Field(min_length=1)


_FILE = TypeAdapter(_File)


def of(model: str, adapter: str | None = None, path: Path | None = None) -> Calibration:
    """The calibration of a model, or the first of the file where it has none.

    Args:
        model: Its name.
        adapter: SHA-256 of what it is taught beside its weights; None is nothing.
        path: The file; None is the one that ships.

    Raises:
        SettingsError: The file can't be read, or is none of these.
    """
    known = _read(path) if path is not None else _shipped()
    return next((one for one in known if (one.model, one.adapter) == (model, adapter)), known[0])


def added(calibration: Calibration, path: Path) -> str:
    """The text of a file of calibrations in which this one replaces, or joins, those that are there.

    Raises:
        SettingsError: There is such a file, and it can't be read.
    """
    known = {(one.model, one.adapter): one for one in (*(_read(path) if path.exists() else ()), calibration)}
    return _File(calibrations=tuple(known.values())).model_dump_json(indent=2) + "\n"


@cache
def _shipped() -> tuple[Calibration, ...]:
    return _read(SHIPPED)


def _read(path: Path) -> tuple[Calibration, ...]:
    try:
        return _FILE.validate_json(path.read_bytes()).calibrations
    except OSError as error:
        raise SettingsError(f"the calibration {path} can't be read: {error.strerror}") from error
    except ValidationError as error:
        raise SettingsError(
            f"{path} is no calibration ({error.errors()[0]['msg']}); footnoted eval --calibrate writes one"
        ) from error
