"""What can go wrong with an evaluation, each said with what to do next.

FootnotedError             (from index.errors)
└── EvalError              a run can't be made, continued or compared as it was asked for
    ├── SuiteError         a suite can't be used
    └── PeerError          a peer can't be asked
"""

from index.errors import FootnotedError


class EvalError(FootnotedError):
    """A run can't be made, continued or compared as it was asked for."""
