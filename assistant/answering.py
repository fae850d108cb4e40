"""What has been said so far to one question: each sentence of the draft is weighed, and said if it stands.

Pure but for its own memory: no model, no store, no clock.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from assistant import asks, decide, ground
from assistant import read as reading
from assistant.calibration import Calibration
from assistant.types import Answer, Citation, Claim, Draft, Evidence, Kind, Said
from index import Hit
from index.split import sentences

NEAREST = "What they do say:"
"""What stands before the words that come nearest to a question that is refused."""
OTHERWISE = "Another document has:"
"""What stands before the words of a document that differs from the one that was cited."""
# What stands before an item of a list; the sentences of an answer follow one another.
_BULLET = re.compile(r"^(?:[-*•–](?!\s*\d)|\d{1,2}[.)])(?:\s+|$)")
# How much of a question the words must say that are given for a bare "Yes" or "No".
NEAR = 0.3


class Answering:
    """One question's answer as it comes about.

    Args:
        question: As it was asked.
        query: As it was searched and read.
        hits: What was found.
        calibration: What the confidence in a claim is computed with.

    Attributes:
        claims: What was said.
    """

    def __init__(self, question: str, query: str, hits: tuple[Hit, ...], calibration: Calibration) -> None:
        self.claims: list[Claim] = []
        self._question = question
        self._query = query
        self._kind = asks.kind(query)
        self._hits = hits
        self._ground = ground.Ground(())
        self._calibration = calibration
        self._risk = 0.0
        self._citations: list[Citation] = []
        self._texts: list[str] = []
        self._heard = 0
        self._stood = False
        self._denied = False
        self._meant: ground.Place | None = None
        self._best_refused = 0.0

    def hear(self, draft: Draft, *, final: bool) -> list[Said]:
        """Take the draft so far; what stands of the sentences that it has completed since is said.

        Where the model says that the answer is stated, but nothing that it wrote stands, words of the evidence are
        weighed instead; so they are after a bare yes or no.
        """
        text = self._joined(draft.text)
        spans = sentences(text)
        complete = spans if final else spans[:-1]
        new = [text[start:end] for start, end in complete[self._heard :]]
        self._heard = max(self._heard, len(complete))
        said = [one for sentence in new for one in self._weigh(sentence, draft)]
        if not final or self._stood or self._denied or not draft.text or _declines(draft.text):
            return said
        return self._weigh_nearest(draft)

    def read(self, evidence: Sequence[Evidence], risk: float) -> None:
        """A draft of this evidence follows, of which nothing has been heard.

        Args:
            evidence: What the model reads.
            risk: How likely a claim may be wrong, 0–1; one that is more likely so is not said.
        """
        self._ground = ground.Ground(evidence)
        self._risk = risk
        self._best_refused = 0.0
        self.begin_again()

    def begin_again(self) -> None:
        """Another draft of the same follows."""
        self._heard = 0
        self._stood = False
        self._denied = False
        self._meant = None

    def settle(self) -> Answer:
        """The answer, if anything was said; else the refusal, its reason and what the documents say that is nearest."""
        if self.claims:
            return self._reply("answer", " ".join(self._texts), min(claim.confidence for claim in self.claims), None)
        reason = decide.refusal(
            self._everything.unmentioned(self._query), empty=not self._hits, unsure=self._best_refused > 0.0
        )
        nearest = self._ground.nearest(self._query)
        if nearest is None:
            return self._reply("refusal", reason, self._best_refused, reason)
        said = self._say(Claim(_quoted(nearest), (), support=1.0, confidence=self._best_refused), [nearest])
        return self._reply("rebuttal", f"{reason} {NEAREST} {said.text}", self._best_refused, reason)

    def _polarity(self, text: str) -> tuple[str, str]:
        """The yes or no that a draft begins with, where that is asked for, and the rest of it."""
        return asks.polarity(text) if self._kind == "yes-no" else ("", text)

    def _joined(self, text: str) -> str:
        """The draft, in which "Yes." is no sentence of its own: no word of a document carries it."""
        said, rest = self._polarity(text)
        apart = said and rest and any(character in ".!\n" for character in text[: -len(rest)])
        return f"{said}: {rest}" if apart else text

    @cached_property
    def _everything(self) -> ground.Ground:
        """All that was found, read or not."""
        return ground.Ground(Evidence.of(hit.passage for hit in self._hits))

    def _weigh(self, sentence: str, draft: Draft) -> list[Said]:
        """Say a sentence if its evidence carries it and it answers the question, and what another document says."""
        text = ground.strip_markers(sentence)
        if self._kind == "several":
            text = _item(text)
        if not text or _declines(text) or any(claim.text == text for claim in self.claims):
            return []
        grounding = self._ground.verify(text, self._query)
        if not ground.stands(grounding) or self._is_said(grounding):
            self._denied = self._denied or grounding.contradicted or bool(grounding.unsaid)
            if self._meant is None and ground.adds_what_is_said(grounding):
                self._meant = grounding.places[0]
            return []
        self._stood = True
        features = decide.features(draft, text, grounding, self._ground, self._query)
        confidence = decide.confidence(features, self._calibration)
        claim = Claim(text, (), grounding.support, confidence, features.values())
        if 1.0 - confidence > self._risk:
            self._best_refused = max(self._best_refused, confidence)
            return []
        return [self._say(claim, grounding.places), *self._otherwise(claim, grounding)]

    def _weigh_nearest(self, draft: Draft) -> list[Said]:
        """Say the words of the evidence that are meant, or else nearest to the question, if they are what it asks for.

        Meant is what says all that the draft adds to the question, where the draft itself says more than is known.
        """
        said, rest = self._polarity(draft.text)
        if not draft.verdict.stated and rest:
            return []
        nearest = self._meant or self._ground.nearest(self._query, ground.SAME_SUBJECT if rest else NEAR)
        if nearest is None or not asks.fits(self._query, nearest.words):
            return []
        if said == "Yes" and ground.denied(self._query, nearest):
            return []
        return self._weigh(f"{said}: {_quoted(nearest)}" if said else _quoted(nearest), draft)

    def _is_said(self, grounding: ground.Grounding) -> bool:
        """Whether another document was quoted with what this would say."""
        place = grounding.places[0]
        return any(claim.text == f"{OTHERWISE} {_quoted(place)}" for claim in self.claims)

    def _otherwise(self, claim: Claim, grounding: ground.Grounding) -> list[Said]:
        """What another document has instead, in its own words: whoever asks should know that they differ."""
        if self._kind == "several":
            return []
        rival = self._everything.rival(claim.text, grounding, self._query)
        if rival is None or not ground.cite([rival], self._citations)[1]:
            return []
        return [self._say(replace(claim, text=f"{OTHERWISE} {_quoted(rival)}", support=1.0), [rival])]

    def _say(self, claim: Claim, places: Sequence[ground.Place]) -> Said:
        """Say a claim with its footnotes."""
        markers, new = ground.cite(places, self._citations)
        said = Said(ground.mark(claim.text, markers), replace(claim, markers=markers), new)
        self.claims.append(said.claim)
        self._citations.extend(new)
        self._texts.append(said.text)
        return said

    def _reply(self, kind: Kind, text: str, confidence: float, reason: str | None) -> Answer:
        return Answer(
            question=self._question,
            query=self._query,
            text=text,
            kind=kind,
            confidence=confidence,
            reason=reason,
            citations=tuple(self._citations),
            hits=self._hits,
            claims=tuple(self.claims),
        )


def _declines(text: str) -> bool:
    """Whether a text says that there is nothing to say, be it after a "No"."""
    return reading.declines(text) or reading.declines(asks.polarity(text)[1])


def _item(text: str) -> str:
    """An item of a list as a sentence of its own."""
    bare = _BULLET.sub("", text)
    return bare if bare == text or not bare or bare[-1] in '.!?…:;"”’)' else f"{bare}."


def _quoted(place: ground.Place) -> str:
    """The words of a sentence, on one line, without what would be taken for footnotes of ours."""
    return ground.strip_markers(" ".join(place.words.split()))
