"""Logistic regression over hashed features, by stochastic gradient descent with a rate for every weight.

Duchi et al., "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (JMLR 2011): a weight's
rate falls with the square root of the sum of its squared gradients, so that rare features learn as much as common
ones. One thread and a given order: the same input gives the same bytes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import F64, IN_F64, IN_I64, IN_U32, OUT_F64, VOID, kernel


def descend(
    starts: NDArray[np.int64],
    ids: NDArray[np.uint32],
    labels: NDArray[np.float64],
    mass: NDArray[np.float64],
    order: NDArray[np.int64],
    weights: NDArray[np.float64],
    squares: NDArray[np.float64],
    rate: float,
    decay: float,
) -> None:
    """Go once through the rows of `order`, changing `weights` and `squares` in place; the last weight is the bias.

    Row i has the features `ids[starts[i] : starts[i + 1]]`, each worth one over the square root of their number,
    a probability `labels[i]` to learn and a weight `mass[i]`; `decay` pulls what is touched towards 0.
    """
    _descend(starts, ids, labels, mass, order, rate, decay, weights, squares)


@kernel(VOID, IN_I64, IN_U32, IN_F64, IN_F64, IN_I64, F64, F64, OUT_F64, OUT_F64)
def _descend(
    starts: NDArray[np.int64],
    ids: NDArray[np.uint32],
    labels: NDArray[np.float64],
    mass: NDArray[np.float64],
    order: NDArray[np.int64],
    rate: float,
    decay: float,
    weights: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> None:
    last = len(weights) - 1
    for row in order:
        first, stop = starts[row], starts[row + 1]
        if stop == first:
            continue
        value = 1.0 / math.sqrt(float(stop - first))
        total = weights[last]
        for k in range(first, stop):
            total += weights[ids[k]] * value
        slope = mass[row] * (1.0 / (1.0 + math.exp(-total)) - labels[row])
        for k in range(first, stop):
            at = ids[k]
            step = slope * value + decay * weights[at]
            squares[at] += step * step
            weights[at] -= rate * step / math.sqrt(squares[at] + 1e-8)
        squares[last] += slope * slope
        weights[last] -= rate * slope / math.sqrt(squares[last] + 1e-8)
