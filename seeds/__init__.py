"""The corpus that ships: a path, and nothing else."""

from pathlib import Path

PATH = Path(__file__).parent
"""The folder that holds the shipped documents."""

__all__ = ["PATH"]
