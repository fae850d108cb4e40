"""What can go wrong between a question and its answer, each said with what to do next.

FootnotedError             (from index.errors)
├── QuestionError          empty, or longer than any question is
├── SettingsError          a setting that is unknown or makes no sense
├── StoreError             conversations can't be kept
├── CollectionError        documents can't be collected so, or there
└── ModelError
    ├── ModelUnreachable   nothing answers at that address, or it takes too long
    ├── ModelRefused       the endpoint says no: a wrong key, an unknown model, no quota
    ├── ModelInterrupted   the stream ended half-way
    └── ModelFailed        the embedded model's process can't be started
"""

from index.errors import FootnotedError


class QuestionError(FootnotedError):
    """The question can't be asked as it is."""


class SettingsError(FootnotedError):
    """A setting is unknown or makes no sense."""


class StoreError(FootnotedError):
    """Conversations can't be kept where they should be."""


class CollectionError(FootnotedError):
    """Documents can't be collected under that name, or in that folder."""


class ModelError(FootnotedError):
    """The language model gave no usable reply."""


class ModelUnreachable(ModelError):
    """Nothing answers at that address, or it takes too long."""


class ModelRefused(ModelError):
    """The endpoint says no: a wrong key, an unknown model, no quota."""


class ModelInterrupted(ModelError):
    """The stream ended half-way."""


class ModelFailed(ModelError):
    """The embedded model's process can't be started."""
