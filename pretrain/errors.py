"""What can go wrong, as one small tree.

PretrainError            a sentence for the user; the CLI prints it on one line       exit 1
├── FollowedError        another process of the run failed, and tells it              as there
└── UsageError           a mistake in what was asked for                              exit 2
    ├── ConfigError      a configuration that cannot be used as written
    ├── DataError        a token folder that is missing, incomplete or corrupt
    └── CheckpointError  a run that cannot be continued or read as asked
"""


class PretrainError(Exception):
    """Anything that is told to the user in one line."""

    exit_code = 1


class FollowedError(PretrainError):
    """Another process of the run failed; it tells the user, this one ends with it."""

    def __init__(self, said: str, exit_code: int) -> None:
        super().__init__(said)
        self.exit_code = exit_code


class UsageError(PretrainError):
    """A mistake in what was asked for."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration that cannot be used as written."""


class DataError(UsageError):
    """A token folder that is missing, incomplete or corrupt."""


class CheckpointError(UsageError):
    """A run folder that cannot be continued or read as asked."""
