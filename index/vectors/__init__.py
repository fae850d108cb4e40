"""The nearest vectors: in Chroma, in a folder of its own or on a server, or exactly where there is no Chroma to ask."""

from index.vectors.core import NearestVectors

__all__ = ["NearestVectors"]
