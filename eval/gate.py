"""Rules that a run must keep, such as ``answered_right<-0.03,citation_validity<1``. Pure.

A number with a sign is a change against a baseline: the rule is broken where the change goes beyond it *and* the
interval of the difference leaves no doubt that the run is worse. A number without one is a bound on the figure itself.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.errors import EvalError
from eval.metrics import BY_NAME
from eval.result import Comparison, Estimate
from eval.table import Better

# Where a change of a figure is a change for the worse.
_WORSE: Mapping[Better | None, str] = {"higher": "<", "lower": ">"}

_RULE = re.compile(r"\s*(?P<metric>[a-z0-9_@]+)\s*(?P<sign>[<>])\s*(?P<bound>[+-]?(?:\d+\.?\d*|\.\d+))\s*")


@dataclass(frozen=True, slots=True)
class Rule:
    """What must not be so.

    Attributes:
        metric: The figure.
        sign: ``<`` or ``>``.
        bound: What the figure, or its change, is compared with.
        change: Whether it is the change against a baseline that is compared.
    """

    metric: str
    sign: str
    bound: float
    change: bool

    def __str__(self) -> str:
        return f"{self.metric}{self.sign}{self.bound:{'+' if self.change else ''}g}"

    def breaks(self, value: float) -> bool:
        """Whether this value is beyond the bound."""
        return value < self.bound if self.sign == "<" else value > self.bound


def rules(text: str) -> list[Rule]:
    """Read rules separated by commas.

    Raises:
        EvalError: One can't be read, or names no metric.
    """
    return [_rule(one) for one in text.split(",") if one.strip()]


def broken(kept: Sequence[Rule], estimates: Mapping[str, Estimate], comparisons: Mapping[str, Comparison]) -> list[str]:
    """The rules that a run breaks, each in a sentence. A figure that the run doesn't have breaks every rule about it.

    Args:
        kept: The rules.
        estimates: The run's figures.
        comparisons: Those against the baseline, by metric.
    """
    return [
        fault
        for rule in kept
        if (fault := _change(rule, comparisons) if rule.change else _bound(rule, estimates)) is not None
    ]


def doubtful(kept: Sequence[Rule], comparisons: Mapping[str, Comparison]) -> list[str]:
    """The rules that a run would break, were its difference beyond doubt, each in a sentence."""
    return [
        f"{rule}: {_told(one)}, which so few cases leave in doubt"
        for rule in kept
        if rule.change
        and (one := comparisons.get(rule.metric)) is not None
        and one.verdict != "worse"
        and rule.breaks(one.difference)
    ]


def _rule(text: str) -> Rule:
    match = _RULE.fullmatch(text)
    if match is None:
        raise EvalError(
            f"the rule {text.strip()!r} can't be read; write a metric, < or >, and a number: citation_validity<1, or "
            "with a sign for a change against the baseline: answered_right<-0.03"
        )
    if match["metric"] not in BY_NAME:
        raise EvalError(f"the rule {text.strip()!r} names no metric; there are: {', '.join(BY_NAME)}")
    rule = Rule(match["metric"], match["sign"], float(match["bound"]), change=match["bound"][0] in "+-")
    if rule.change and rule.sign != _WORSE.get(BY_NAME[rule.metric].better):
        raise EvalError(
            f"the rule {text.strip()!r} could never be broken: " + _advice(rule.metric, BY_NAME[rule.metric].better)
        )
    return rule


def _advice(metric: str, better: Better | None) -> str:
    if better is None:
        return f"neither more nor less of {metric} is worse; give a bound without a sign"
    return f"it is worse where {'less' if better == 'higher' else 'more'}; write {metric}{_WORSE[better]}" + (
        "-0.03" if better == "higher" else "+0.03"
    )


def _bound(rule: Rule, estimates: Mapping[str, Estimate]) -> str | None:
    value = estimates[rule.metric].value if rule.metric in estimates else None
    if value is None:
        return f"{rule}: this run has no {rule.metric}, and what is unscored is not kept"
    return f"{rule}: it is {value:.4g}" if rule.breaks(value) else None


def _change(rule: Rule, comparisons: Mapping[str, Comparison]) -> str | None:
    one = comparisons.get(rule.metric)
    if one is None:
        return f"{rule}: this run and the baseline have no {rule.metric} in common, and what is unscored is not kept"
    if one.verdict != "worse" or not rule.breaks(one.difference):
        return None
    return f"{rule}: {_told(one)}"


def _told(one: Comparison) -> str:
    ends = "" if one.low is None or one.high is None else f"{one.low:+.4g} to {one.high:+.4g}, "
    return f"it went from {one.before:.4g} to {one.now:.4g}, by {one.difference:+.4g} ({ends}{one.n} cases)"
