#!/usr/bin/env bash
# All that this project measures on a GPU, by one command on a fresh machine that has one:
#     tests/bench/gpu.sh [--corpus DIR] [--minutes 5] [--write]
# Installs the project without the pins of constraints.txt for torch, so that pip takes a build for CUDA.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ ! -x .venv/bin/python ]; then
    python3 -m venv .venv
    grep -v '^torch==' constraints.txt > .venv/constraints-gpu.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check -c .venv/constraints-gpu.txt -e '.[dev,pretrain]'
    .venv/bin/python -m curate.ops
fi
.venv/bin/python -c 'import sys, torch; torch.cuda.is_available() or "--small" in sys.argv or sys.exit("no CUDA device here; --small tries the script without one")' "$@"
exec .venv/bin/python -m tests.bench.gpu "$@"
