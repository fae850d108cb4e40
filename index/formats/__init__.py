"""A file's bytes into what a user can read. Knows nothing of paths, sources, stores or models.

Each module reads one kind of file: ``read(data)`` returns a ``Content`` or raises ``Unreadable``. Libraries that parse
are imported where they are used, because importing them takes longer than most commands do.
"""
