"""What can go wrong, as one small tree.

PretrainError            a sentence for the user; the CLI prints it on one line       exit 1
└── UsageError           a mistake in what was asked for                              exit 2
    ├── ConfigError      a configuration that cannot be used as written
    ├── DataError        a token folder that is missing, incomplete or corrupt
    └── CheckpointError  a run that cannot be continued or read as asked
"""


class PretrainError(Exception):
    """Anything that is told to the user in one line."""

    exit_code = 1


class UsageError(PretrainError):
    """A mistake in what was asked for."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration that cannot be used as written."""


class DataError(UsageError):
    """A token folder that is missing, incomplete or corrupt."""


class CheckpointError(UsageError):
    """A run folder that cannot be continued or read as asked."""
