"""A table of the TOML file, and the one called `optim`."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

_DEFAULTS: dict[str, dict[str, float]] = {
    "adamw": {
        "matrix_learning_rate": 0.0, "embedding_learning_rate": 0.0, "head_learning_rate": 0.0,
        "norm_learning_rate": 0.0, "beta1": 0.9, "beta2": 0.0, "epsilon": 1e-8, "weight_decay": 0.1, "warmup": -1,
        "decay": 0.1,
    },
    "adamw_scaled": {
        "matrix_learning_rate": 0.02, "embedding_learning_rate": 0.02, "head_learning_rate": 0.02,
        "norm_learning_rate": 0.02, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-6,
    },
}  # fmt: skip
"""Of `Optim`, by its `matrices`: where they are not the fields' own."""


class Section(BaseModel):
    """A table of the TOML file; closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Optim(Section):
    """Optimiser and schedule. Learning rates are peaks; each group has its own.

    Zeros, and a warm-up of −1, stand for what OLMo's ladder gives a model of the size; `matrices` says which values
    are defaults.
    """

    matrices: Literal["muon", "adamw", "adamw_scaled"] = "muon"
    """Who updates the two-dimensional weights inside the blocks; all else is AdamW's.

    `muon`: the defaults below, tuned for compact models. `adamw`: AdamW for all, by default with the ladder's rate,
    beta2 and warm-up, beta1 0.9, epsilon 1e-8, weight_decay 0.1 and decay 0.1. `adamw_scaled`: AdamW whose rates are
    times the RMS of each weight, which T5 needs where Muon is not wanted (nanoT5); by default all rates are 0.02, betas
    0.9 and 0.999, epsilon 1e-6."""
    matrix_learning_rate: float = Field(0.02, ge=0)
    """0 takes the ladder's, as for every rate: 0.0047·(N / 108e6)^(−1/3) for N weights in layers."""
    embedding_learning_rate: float = Field(0.1, ge=0)
    head_learning_rate: float = Field(0.01, ge=0)
    norm_learning_rate: float = Field(0.01, ge=0)
    """For all that is small: norms, biases, tables of relative positions."""
    beta1: float = Field(0.8, ge=0, lt=1)
    beta2: float = Field(0.95, ge=0, lt=1)
    """0 takes the ladder's: 0.95 for batches of 524,288 tokens or more, 0.99 for smaller ones."""
    epsilon: float = Field(1e-10, gt=0)
    momentum: float = Field(0.95, ge=0, lt=1)
    """Muon's."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled, and on matrices alone."""
    clip: float = Field(1.0, ge=0)
    """Largest norm of the whole gradient; 0 does not clip."""
    warmup: int = Field(0, ge=-1)
    """Steps over which the rates rise from 0; −1 takes the ladder's: N tokens, but at most a tenth of the run."""
    decay: float = Field(0.5, ge=0, le=1)
    """Share of all steps, at the end, over which the rates fall."""
    floor: float = Field(0.0, ge=0, le=1)
    """Share of the peak at which they end."""

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, values: Any) -> Any:
        """Those of the optimiser that is named, where they are not the fields' own."""
        if not isinstance(values, dict):
            return values
        name = values.get("matrices")
        return (_DEFAULTS.get(name, {}) if isinstance(name, str) else {}) | values
