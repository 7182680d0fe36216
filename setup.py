"""Puts the recipes of `pipelines/` into the package, so that an installed wheel knows them by name, too."""

from pathlib import Path
from shutil import copytree

from setuptools import setup
from setuptools.command.build_py import build_py


class WithRecipes(build_py):
    """Builds the packages and lays the recipes beside them; an editable install reads them where they are."""

    def run(self) -> None:
        """Build."""
        super().run()
        if not self.editable_mode:
            copytree("pipelines", Path(self.build_lib, "curate", "pipelines"), dirs_exist_ok=True)


setup(cmdclass={"build_py": WithRecipes})
