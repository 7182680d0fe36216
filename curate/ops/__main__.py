"""`python -m curate.ops` compiles every kernel into the cache: part of an installation."""

from curate.ops import warm

warm()
