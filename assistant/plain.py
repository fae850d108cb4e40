"""Text from documents, in the terminal. Pure."""


def plain(text: str) -> str:
    """The text without what a terminal would obey instead of showing it."""
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)
