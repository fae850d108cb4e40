"""What bytes are, by how they begin, whatever their file is called. Pure."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STARTS = (
    (b"%PDF-", "is a PDF by its content; let its name end with .pdf"),
    (b"PK\x03\x04", "is a ZIP archive by its content; let its name end with .docx, .pptx, .xlsx or .epub if it is one"),
    (b"{\\rtf", "is an RTF document by its content; open it and save it as .docx"),
    (b"\x89PNG", "is a picture by its content, not text"),
    (b"\xff\xd8\xff", "is a picture by its content, not text"),
    (b"GIF8", "is a picture by its content, not text"),
    (b"\x1f\x8b", "is a gzip archive by its content; unpack it first"),
    (b"<!doctype", "is a web page by its content; let its name end with .html"),
    (b"<html", "is a web page by its content; let its name end with .html"),
)
_LOOKED_AT = 1024
PROTECTED = "is protected by a password: open it, take the password off and save it again"
"""What is said of a file that can't be read without one."""


def is_ole(data: bytes) -> bool:
    """Whether it is a container of Office 97, which also holds what newer ones encrypt."""
    return data.startswith(_OLE)


def is_encrypted(data: bytes) -> bool:
    """Whether such a container holds an encrypted file."""
    return is_ole(data) and "EncryptedPackage".encode("utf-16-le") in data


def mistaken(data: bytes) -> str | None:
    """What a file is instead of what its name says, with what to do; None where its beginning doesn't tell."""
    if is_encrypted(data):
        return PROTECTED
    if is_ole(data):
        return "is of the format of Office 97–2003: open it and save it as .docx, .pptx or .xlsx"
    beginning = data[:_LOOKED_AT].lstrip()
    return next((said for start, said in _STARTS if beginning[: len(start)].lower() == start.lower()), None)
