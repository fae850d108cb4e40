"""What has been said so far to one question: each sentence of the draft is weighed, and said if it stands.

Pure but for its own memory: no model, no store, no clock.
"""

from collections.abc import Sequence

from assistant import decide, ground
from assistant import read as reading
from assistant.types import Answer, Citation, Claim, Draft, Evidence, Kind, Said
from index import Hit
from index.split import sentences


class Answering:
    """One question's answer as it comes about.

    Args:
        question: As it was asked.
        query: As it was searched and read.
        hits: What was found.
        evidence: What the model reads.
        threshold: The confidence, 0–1, under which a claim is not said.
    """

    def __init__(
        self, question: str, query: str, hits: tuple[Hit, ...], evidence: Sequence[Evidence], threshold: float
    ) -> None:
        self.claims: list[Claim] = []
        self._question = question
        self._query = query
        self._hits = hits
        self._ground = ground.Ground(evidence)
        self._threshold = threshold
        self._citations: list[Citation] = []
        self._texts: list[str] = []
        self._confidences: list[float] = []
        self._heard = 0
        self._best_refused = 0.0
        self._empty = not evidence

    def hear(self, draft: Draft, *, final: bool) -> list[Said]:
        """Take the draft so far; what stands of the sentences that it has completed since is said."""
        spans = sentences(draft.text)
        complete = spans if final else spans[:-1]
        new = [draft.text[start:end] for start, end in complete[self._heard :]]
        self._heard = max(self._heard, len(complete))
        return [said for sentence in new if (said := self._weigh(sentence, draft))]

    def begin_again(self) -> None:
        """Another draft follows, of which nothing has been heard."""
        self._heard = 0

    def settle(self) -> Answer:
        """The answer, if anything was said; else the refusal and its reason."""
        if self.claims:
            return self._reply("answer", " ".join(self._texts), min(self._confidences), None)
        reason = decide.refusal(self._unmentioned(), empty=self._empty)
        return self._reply("refusal", reason, self._best_refused, reason)

    def _unmentioned(self) -> tuple[str, ...]:
        """What of the question no passage mentions that was found, read or not."""
        found = [Evidence(number, hit.passage, hit.passage.sentences) for number, hit in enumerate(self._hits, start=1)]
        return ground.Ground(found).unmentioned(self._query)

    def _weigh(self, sentence: str, draft: Draft) -> Said | None:
        """Say a sentence if its evidence carries it and it answers the question."""
        text = ground.strip_markers(sentence)
        if reading.declines(text):
            return None
        grounding = self._ground.verify(text, self._query)
        if not ground.stands(grounding):
            return None
        confidence = decide.confidence(decide.features(draft, grounding, self._ground, self._query))
        if confidence < self._threshold:
            self._best_refused = max(self._best_refused, confidence)
            return None
        return self._say(text, grounding, confidence)

    def _say(self, text: str, grounding: ground.Grounding, confidence: float) -> Said | None:
        if any(claim.text == text for claim in self.claims):
            return None
        markers, new = ground.cite(grounding.places, self._citations)
        said = Said(ground.mark(text, markers), Claim(text, markers, grounding.support), new)
        self.claims.append(said.claim)
        self._citations.extend(new)
        self._texts.append(said.text)
        self._confidences.append(confidence)
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
