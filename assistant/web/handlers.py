"""What all handlers of a page's events begin with."""

from assistant.web.lists import News
from assistant.web.session import Session
from assistant.web.shelf import Shelf
from assistant.web.views import Update, Views

GONE = "The collection that was open here is no longer there."


class Handlers:
    """Handlers of some of a page's events.

    Args:
        shelf: The collections.
        views: What is shown.
    """

    def __init__(self, shelf: Shelf, views: Views) -> None:
        self._shelf = shelf
        self._views = views

    def gone(self, session: Session) -> Update:
        """Lead a reader to the first collection whose own has been deleted by somebody; nothing where it is there."""
        there = self._shelf.at(session.place).place
        if there == session.place:
            return {}
        session.move(there)
        return self._views.collection(session) | self._views.told(News(GONE))
