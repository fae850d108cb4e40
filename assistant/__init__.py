"""Questions in, footnoted answers out. ``from assistant import ask``."""

from typing import TYPE_CHECKING, Any

from assistant.types import Answer, Citation, Turn

if TYPE_CHECKING:
    from assistant.core import Assistant, ask

__all__ = ["Answer", "Assistant", "Citation", "Turn", "ask"]


def __getattr__(name: str) -> Any:
    # The pipeline brings LlamaIndex and its 2.4 s of imports, which --help and type hints should not wait for.
    if name in ("Assistant", "ask"):
        from assistant import core  # noqa: PLC0415

        return getattr(core, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
