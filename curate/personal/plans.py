"""The plans of numbers and addresses in `plans.toml`."""

import tomllib
from pathlib import Path
from typing import Any

PLANS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("plans.toml").read_text("utf-8"))
"""Lists and tables by name; what each is stands beside it in the file."""
