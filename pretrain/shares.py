"""A tensor as a whole, and the share of it that a process holds under FSDP2.

FSDP2 gives each process some rows of every weight, gradient and optimiser state, as `DTensor`s. Checkpoints and
Muon want whole ones. Without FSDP2 every tensor is whole, and both functions give back what they got.
"""

import torch
from torch import Tensor


def whole(tensor: Tensor) -> Tensor:
    """All rows, gathered from every process; each of them must call this for the same tensors in the same order."""
    gather = getattr(tensor, "full_tensor", None)
    found: Tensor = tensor if gather is None else gather()
    return found


def placed(tensor: Tensor, like: Tensor) -> Tensor:
    """A whole tensor, equal on every process, as `like` is held: this process's rows, or all. Sends nothing."""
    if not hasattr(like, "full_tensor"):
        return tensor.to(like.device)
    from torch.distributed.tensor import DTensor
    from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

    assert isinstance(like, DTensor)
    shape, offset = compute_local_shape_and_global_offset(like.shape, like.device_mesh, like.placements)
    local = tensor[tuple(slice(begin, begin + size) for begin, size in zip(offset, shape, strict=True))]
    return DTensor.from_local(
        local.to(like.device).contiguous(), like.device_mesh, like.placements,
        run_check=False, shape=like.shape, stride=torch.empty(like.shape, device="meta").stride(),
    )  # fmt: skip
