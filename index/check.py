"""Prove that an index is sound, and mend it where it isn't. Knows nothing of searching."""

import hashlib
from pathlib import Path
from typing import Literal

from index.catalog import Catalog
from index.ingest import cut
from index.lexical import Lexical
from index.rows import Origin
from index.types import CheckReport
from index.vectors import NearestVectors


def examine(catalog: Catalog, vectors: NearestVectors, lexical: Lexical) -> CheckReport:
    """Compare the catalog with itself, the caches with the catalog, and the catalog with the files.

    Every passage must stand in its document at its offsets, every text have the hash with which it was stored, both
    caches hold exactly the passages that the catalog holds, and every file have the hash with which it was read.
    """
    problems, unseen = _of_catalog(catalog), []
    for name, found, fault in (
        ("Chroma", vectors.problems(), vectors.fault),
        ("tantivy", lexical.problems(), lexical.fault),
    ):
        problems += [fault] if fault is not None else found or []
        if found is None and fault is None:
            unseen.append(f"{name} is just used or changed by another process; check again when that has ended")
    states = [(origin.source, _state(origin, catalog)) for origin in catalog.origins()]
    return CheckReport(
        documents=len(catalog.hashes()),
        passages=catalog.passage_count(),
        problems=tuple(problems),
        waiting=max(0, catalog.passage_count() - catalog.vector_count()),
        unseen=tuple(unseen),
        changed=tuple(source for source, state in states if state == "changed"),
        missing=tuple(source for source, state in states if state == "missing"),
    )


def mend(catalog: Catalog) -> list[Path]:
    """Mend what can be mended from the catalog itself.

    Returns:
        The files of documents whose text is damaged, which have to be read again.
    """
    for document_id in catalog.unnamed():
        catalog.drop(document_id)
    catalog.drop_stray_vectors()
    altered = set(catalog.altered())
    damaged = [document for document in catalog.documents() if document.id in altered]
    for document in damaged:
        catalog.distrust(document.id)
    catalog.recut(catalog.untrue(), cut)
    sources = {source for document in damaged for source in document.sources}
    return [Path(origin.path) for origin in catalog.origins() if origin.path and origin.source in sources]


def _of_catalog(catalog: Catalog) -> list[str]:
    damage = [f"the catalog is damaged, index the documents again in another folder: {one}" for one in catalog.damage()]
    faults = (
        ("has passages that are not what it says", catalog.untrue()),
        ("has another text than was stored", catalog.altered()),
        ("has no name", catalog.unnamed()),
    )
    names = {id_: source for source, id_ in catalog.sources().items()}
    stray = [f"{count} vectors are of no passage"] if (count := catalog.stray_vectors()) else []
    return damage + stray + [f"{names.get(id_, id_)} {fault}" for fault, ids in faults for id_ in ids]


def _state(origin: Origin, catalog: Catalog) -> Literal["same", "changed", "missing"]:
    """Compare a file with what it was when it was added, byte for byte."""
    if not origin.path:
        return "same"
    held = catalog.held(origin.source)
    try:
        with Path(origin.path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return "missing"
    return "same" if held is None or held.sha256 == digest else "changed"
