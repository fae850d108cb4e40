"""The file of calibrations: one for each model, one for all others."""

from pathlib import Path

import pytest

from assistant import calibration
from assistant.calibration import Calibration, Logistic, Provenance
from assistant.errors import SettingsError

PROVENANCE = Provenance(suites=("s",), cases="all", claims=3, prompt="1", date="2026-11-25", command="footnoted eval")


def fitted(model: str, intercept: float = 0.0, adapter: str | None = None) -> Calibration:
    logistic = Logistic(intercept=intercept, weights={"support": 1.0})
    return Calibration(
        model=model, adapter=adapter, provenance=PROVENANCE, with_logprobs=logistic, without_logprobs=logistic
    )


def test_a_model_has_its_own_and_others_have_the_first(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    for one in (fitted("a"), fitted("b")):
        path.write_text(calibration.added(one, path))
    assert calibration.of("b", path=path) == fitted("b")
    assert calibration.of("c", path=path) == calibration.of("a", path=path) == fitted("a")


def test_a_new_one_takes_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    for one in (fitted("a"), fitted("b"), fitted("a", 2.0)):
        path.write_text(calibration.added(one, path))
    assert calibration.of("a", path=path) == calibration.of("c", path=path) == fitted("a", 2.0)
    assert calibration.of("b", path=path) == fitted("b")


def test_a_model_that_is_taught_is_another_one(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    for one in (fitted("a"), fitted("a", 1.0, "taught")):
        path.write_text(calibration.added(one, path))
    assert calibration.of("a", "taught", path) == fitted("a", 1.0, "taught")
    assert calibration.of("a", path=path) == calibration.of("a", "otherwise", path) == fitted("a")


def test_one_ships() -> None:
    shipped = calibration.of("some other model")
    assert shipped.provenance.claims > 100
    assert calibration.of(shipped.model) == shipped


@pytest.mark.parametrize(
    ("text", "said"),
    [("{}", "is no calibration"), ("no", "footnoted eval --calibrate writes one"), (None, "can't be read")],
)
def test_a_file_that_is_none_is_told_of(text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SettingsError, match=said):
        calibration.of("a", path=path)
