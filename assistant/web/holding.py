"""What hears of what there is to ask: collections and their documents."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import gradio as gr

from assistant.web import told, uploads
from assistant.web.handlers import Handlers
from assistant.web.lists import News, news
from assistant.web.session import Session
from assistant.web.uploads import Taken
from assistant.web.views import Update
from index import Progress
from index.errors import FootnotedError

NOTHING_SAID = News()


class Holding(Handlers):
    """Handlers of what a reader does to collections and documents."""

    def moved(self, session: Session, event: gr.EventData) -> Update:
        """Ask another collection."""
        session.move(self._shelf.at(told.text(event, "place")).place)
        return self._views.collection(session)

    def made(self, session: Session, event: gr.EventData) -> Update:
        """Make a collection, and ask it."""
        try:
            session.move(self._shelf.make(told.text(event, "title")).place)
        except FootnotedError as error:
            return self._views.told(News(str(error)))
        return self._views.collection(session)

    def renamed(self, session: Session, event: gr.EventData) -> Update:
        """Call the collection that is asked something else."""
        return self._changed(session, lambda: self._shelf.rename(session.place, told.text(event, "title")))

    def deleted(self, session: Session) -> Update:
        """Take the collection that is asked off the shelf."""
        place = session.place
        said = News(f"Deleted {self._shelf.at(place).name}.", deleted=place)
        return self._changed(session, lambda: self._shelf.delete(place), said)

    def restored(self, session: Session, event: gr.EventData) -> Update:
        """Put a collection back that was deleted, and ask it."""
        place = told.text(event, "place")
        return self._changed(session, lambda: self._shelf.restore(place), then=place)

    def forgot(self, session: Session) -> Update:
        """Delete for good the collections that were deleted."""
        return self._changed(session, self._shelf.forget)

    def _changed(
        self, session: Session, change: Callable[[], object], said: News = NOTHING_SAID, then: str | None = None
    ) -> Update:
        """Change the shelf, and ask the collection that is to be asked then, or the first where it is gone."""
        try:
            change()
        except FootnotedError as error:
            return self._views.told(News(str(error)))
        session.move(self._shelf.at(then or session.place).place)
        return self._views.collection(session) | self._views.told(said)

    def uploaded(self, paths: Sequence[str] | None, session: Session) -> Iterator[Update]:
        """Take files in, those for the article that ships into a collection of the reader's own."""
        if gone := self.gone(session):
            yield gone
            return
        collection = self._shelf.own(session.place)
        session.move(collection.place)
        yield from self._adding(session, uploads.take(collection.assistant.index, [Path(path) for path in paths or ()]))

    def removed(self, session: Session, event: gr.EventData) -> Update:
        """Remove a document."""
        if gone := self.gone(session):
            return gone
        collection = self._shelf.at(session.place)
        name = told.text(event, "source")
        if not collection.own:
            return self._views.nothing
        try:
            session.removed = uploads.remove(collection.assistant.index, name)
        except FootnotedError as error:
            return self._views.documents(session) | self._views.told(News(str(error)))
        news = News(f"Removed {name}.", removed=name if session.removed else None)
        return self._views.documents(session) | self._views.told(news)

    def brought_back(self, session: Session, event: gr.EventData) -> Iterator[Update]:
        """Bring back the document that is named, or else the one that was removed last."""
        if gone := self.gone(session):
            yield gone
            return
        collection = self._shelf.at(session.place)
        named = told.text(event, "removed")
        path = session.removed
        if named:
            path = next((one for one in uploads.removed(collection.assistant.index) if one.parent.name == named), None)
        session.removed = None
        if path is not None and collection.own:
            adding = uploads.bring_back(collection.assistant.index, path)
            yield from self._adding(session, adding, f"{path.name} is back.")

    def forgot_documents(self, session: Session) -> Update:
        """Delete for good the copies of documents that were removed."""
        if gone := self.gone(session):
            return gone
        collection = self._shelf.at(session.place)
        if collection.own:
            try:
                uploads.forget(collection.assistant.index)
            except FootnotedError as error:
                return self._views.told(News(str(error)))
        return self._views.documents(session)

    def read_again(self, session: Session) -> Iterator[Update]:
        """Read again the files that have changed."""
        collection = self._shelf.at(session.place)
        if collection.own:
            yield from self._adding(session, uploads.read_again(collection.assistant.index))

    def confined(self, session: Session, event: gr.EventData) -> Update:
        """Ask one document more, or one less, of those that are asked alone."""
        session.confine(told.text(event, "document"))
        return self._views.documents(session) | self._views.kept(session)

    def unconfined(self, session: Session) -> Update:
        """Ask all documents."""
        session.ask_all()
        return self._views.documents(session) | self._views.kept(session)

    def _adding(self, session: Session, adding: Iterator[Progress | Taken], done: str = "") -> Iterator[Update]:
        """Tell how far an add has come, and in the end what has become of it, or that it is done."""
        last = News()
        yield self._views.collection(session)
        try:
            for event in adding:
                last = news(event)
                if done and isinstance(event, Taken) and not last.refused:
                    last = News(done)
                yield self._views.told(last)
        except FootnotedError as error:
            last = News(str(error))
        yield self._views.collection(session) | self._views.told(last)
