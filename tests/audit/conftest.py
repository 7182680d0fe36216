"""The command line, called in this process."""

import sys

import pytest

from curate.cli import main


@pytest.fixture
def curate(capsys, monkeypatch):
    """Call `curate` in this process: exit code, what it printed, what it complained."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["curate", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        return exit_.value.code, *capsys.readouterr()

    return call
