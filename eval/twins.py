"""Questions asked of the document beside their own, which doesn't answer them: what users ask of the wrong corpus.

Suites of unanswerable questions have those that were written to deceive. A question that its document doesn't answer
because it is about something else, if something near, is what is met more often.
"""

from collections.abc import Iterator

from eval.case import Case
from eval.measures.text import contains
from eval.suite import Suite, SuiteError, half

# How far away a document may be and still be beside another, in the order of the corpus.
NEIGHBOURS = 6


def with_twins(suite: Suite, twins: int) -> Suite:
    """The suite and, of each case that is answered from one document, unanswerable twins, all ordered by document.

    A twin asks the same of a document near its own in the corpus, of the same half, that contains no reference. All
    that is asked of one document follows one another, so that a model reads it once.

    Args:
        suite: Whose cases name the documents that they are answered from.
        twins: How many each case is given, at most.

    Raises:
        SuiteError: Its cases are searched for.
    """
    if suite.mode != "supplied":
        raise SuiteError(f"{suite.name} is searched, so that no case can be asked of another document; leave out twins")
    places = {source: place for place, source in enumerate(suite.documents)}
    cases = [*suite.cases, *(twin for case in suite.cases for twin in _twins(case, suite, places, twins))]
    cases.sort(key=lambda case: places[case.supplied[0]])
    return suite.model_copy(update={"cases": tuple(cases)})


def _twins(case: Case, suite: Suite, places: dict[str, int], twins: int) -> Iterator[Case]:
    if not case.answerable or not case.answers or len(case.supplied) != 1:
        return
    names, at = list(places), places[case.supplied[0]]
    for name in [*names[at + 1 : at + 1 + NEIGHBOURS], *reversed(names[max(0, at - NEIGHBOURS) : at])]:
        twin = _asked_of(case, name)
        if twins and half(twin) == half(case) and not contains(suite.documents[name].text, case.answers):
            twins -= 1
            yield twin


def _asked_of(case: Case, source: str) -> Case:
    unanswerable = {"answerable": False, "answers": (), "evidence": (), "relevant": (), "kind": "twin"}
    return case.model_copy(update={"id": f"{case.id}/{source}", "supplied": (source,), **unanswerable})
