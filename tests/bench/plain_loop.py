"""A plain training loop in nanoGPT's manner, for comparison: `plain_loop.py TASK.json`.

GPT-2's layers (learnt positions, LayerNorm, GELU, tied head), torch's fused attention, whole logits through torch's
cross entropy, fused AdamW, autocast, torch.compile; random crops of one long array of tokens. Nothing of `pretrain`
is in it. Prints a JSON line: seconds, loss and tokens of every step.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import load_from_disk
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Attention and feed-forward, each behind a LayerNorm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        parts = self.qkv(self.first(x_BTD)).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(*parts, is_causal=True)
        x_BTD = x_BTD + self.out(mixed.transpose(1, 2).flatten(2))
        out: Tensor = x_BTD + self.down(functional.gelu(self.up(self.second(x_BTD))))
        return out


class GPT(nn.Module):
    """Tokens and targets to the mean loss."""

    def __init__(self, vocabulary: int, context: int, layers: int, width: int, heads: int) -> None:
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        for weight in self.parameters():
            if weight.ndim == 2:
                nn.init.normal_(weight, std=0.02)

    def forward(self, inputs_BT: Tensor, targets_BT: Tensor) -> Tensor:
        """The mean cross entropy in nats."""
        places = torch.arange(inputs_BT.shape[1], device=inputs_BT.device)
        x_BTD = self.norm(self.blocks(self.tokens(inputs_BT) + self.positions(places)))
        logits = functional.linear(x_BTD, self.tokens.weight)
        return functional.cross_entropy(logits.flatten(0, 1).float(), targets_BT.flatten())


def main(task: dict[str, Any]) -> dict[str, Any]:
    """Train for the task's steps, or its seconds where it has them."""
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    shape = task["shape"]
    model = GPT(**shape).to(device)
    trained = torch.compile(model) if task["compile"] else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=6e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    stream = _stream(Path(task["data"]))
    draw = np.random.default_rng(1)
    lines, began = [], time.perf_counter()
    for step in range(task["steps"]):
        for group in optimizer.param_groups:
            group["lr"] = 6e-4 * min(1.0, (step + 1) / 100)
        loss = _step(trained, optimizer, stream, draw, task, device)
        lines.append({"loss": loss, "at": time.perf_counter() - began})
        if task.get("seconds") and lines[-1]["at"] > task["seconds"]:
            break
    return {"steps": lines, "weights": sum(p.numel() for p in model.parameters())}


def _step(
    model: Any, optimizer: Any, stream: np.ndarray, draw: np.random.Generator, task: dict[str, Any], device: Any
) -> float:
    rows, context, total = task["micro_batch"], task["shape"]["context"], 0.0
    parts = task["batch"] // rows
    for _ in range(parts):
        at = draw.integers(0, len(stream) - context - 1, rows)
        crop = torch.from_numpy(np.stack([stream[i : i + context + 1] for i in at]).astype(np.int64)).to(device)
        with torch.autocast(device.type, torch.bfloat16):
            loss = model(crop[:, :-1], crop[:, 1:]) / parts
        loss.backward()
        total += loss.item()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return total


def _stream(corpus: Path) -> np.ndarray:
    """All documents, an end-of-text after each."""
    read = load_from_disk(corpus / "tokens/train").with_format("numpy")
    return np.concatenate([np.append(ids, 1) for ids in read["input_ids"][:]]).astype(np.uint16)


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text("utf-8")))), flush=True)
