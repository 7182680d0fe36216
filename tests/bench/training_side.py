"""One side of the comparison of training speed, in a process of its own: `training_side.py TASK.json`.

The task names the side (`sluice` or `transformers`), family, shape, batch, precision, whether to compile, how many
steps to take and how many of them to leave out as warm-up. Prints one JSON line: seconds of each measured step
(loading, forward, backward, clipping, update: from the end of a step to the end of the next), tokens a step, weights.
"""

import itertools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def main(task: dict[str, Any]) -> dict[str, Any]:
    """Run the side that the task names."""
    import torch

    torch.set_num_threads(task["threads"])
    ends: list[float] = []
    facts = _sluice(task, ends) if task["side"] == "sluice" else _transformers(task, ends)
    seconds = [after - before for before, after in itertools.pairwise(ends)][task["warmup"] :]
    return {**facts, "seconds": seconds}


def _sluice(task: dict[str, Any], ends: list[float]) -> dict[str, Any]:
    from pretrain.config import Config
    from pretrain.training import Progress, train

    config = Config.model_validate(task["config"])

    def note(progress: Progress) -> None:
        if progress.metrics and progress.step:
            ends.append(time.perf_counter())
            loaders.append(progress.metrics.get("loader_seconds"))

    loaders: list[float | None] = []
    train(config, Path(task["data"]), Path(task["output"]), report_to=note)
    known = [seconds for seconds in loaders[task["warmup"] + 1 :] if seconds is not None]
    return {"weights": _weights_of(Path(task["output"])), "loader_seconds": known}


def _weights_of(run: Path) -> int:
    """Numbers in the last checkpoint."""
    from safetensors import safe_open

    found = max(run.glob("checkpoints/step-*/model.safetensors"))
    with safe_open(found, "pt") as saved:
        return sum(saved.get_tensor(name).numel() for name in saved.keys())  # noqa: SIM118  not a mapping


def _transformers(task: dict[str, Any], ends: list[float]) -> dict[str, Any]:
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    torch.manual_seed(1)
    model = _model(task)
    arguments = transformers.TrainingArguments(
        output_dir=task["output"],
        per_device_train_batch_size=task["batch"],
        max_steps=task["steps"],
        bf16=task["precision"] == "bfloat16",
        torch_compile=task["compile"],
        optim="adamw_torch_fused",
        learning_rate=1e-3,
        max_grad_norm=1.0,
        save_strategy="no",
        logging_strategy="no",
        report_to=[],
        use_cpu=not torch.cuda.is_available(),
        disable_tqdm=True,
        seed=1,
    )

    class Clock(transformers.TrainerCallback):  # type: ignore[misc]  untyped
        def on_step_end(self, *_: Any, **__: Any) -> None:
            ends.append(time.perf_counter())

    rows = _rows(task)
    trainer = transformers.Trainer(
        model=model, args=arguments, train_dataset=rows, data_collator=_collator(task), callbacks=[Clock()]
    )
    trainer.train()
    return {"weights": sum(p.numel() for p in model.parameters())}


def _model(task: dict[str, Any]) -> Any:
    """The class of transformers with the task's shape, dropout off, attention by SDPA where the class has it."""
    import transformers as hf

    shape = task["shape"]
    common = {"vocab_size": shape["vocabulary"], "attn_implementation": "sdpa"}
    usual = {
        "hidden_size": shape["width"],
        "num_hidden_layers": shape["layers"],
        "num_attention_heads": shape["heads"],
        "intermediate_size": shape["feedforward"],
        "max_position_embeddings": shape["context"],
    }
    none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    match task["class"]:
        case "Llama":
            config = hf.LlamaConfig(**common, **usual, tie_word_embeddings=False, use_cache=False)
            return hf.LlamaForCausalLM(config)
        case "Qwen3":
            head = shape["width"] // shape["heads"]
            config = hf.Qwen3Config(**common, **usual, head_dim=head, tie_word_embeddings=False, use_cache=False)
            return hf.Qwen3ForCausalLM(config)
        case "GPT-2":
            plain = {"n_embd": shape["width"], "n_layer": shape["layers"], "n_head": shape["heads"]}
            dropout = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
            config = hf.GPT2Config(**common, **plain, **dropout, n_positions=shape["context"], use_cache=False)
            return hf.GPT2LMHeadModel(config)
        case "BERT":
            return hf.BertForMaskedLM(hf.BertConfig(**common, **usual, **none))
        case "ModernBERT":
            ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1, "cls_token_id": 1, "sep_token_id": 1}
            config = hf.ModernBertConfig(**common, **usual, **ids, global_attn_every_n_layers=1)
            return hf.ModernBertForMaskedLM(config)
    del common["attn_implementation"]
    config = hf.T5Config(
        **common, d_model=shape["width"], d_kv=shape["width"] // shape["heads"], d_ff=shape["feedforward"],
        num_layers=shape["layers"], num_decoder_layers=shape["layers"], num_heads=shape["heads"], dropout_rate=0.0,
        feed_forward_proj="gated-gelu", tie_word_embeddings=False, pad_token_id=0, decoder_start_token_id=0,
        use_cache=False,
    )  # fmt: skip
    return hf.T5ForConditionalGeneration(config)


def _rows(task: dict[str, Any]) -> list[dict[str, Any]]:
    """The corpus cut into rows beforehand; for T5 spans are corrupted beforehand too, for the Trainer has no way to."""
    import numpy as np
    import torch
    from datasets import load_from_disk

    read = load_from_disk(Path(task["data"]) / "tokens/train").with_format("numpy")
    stream = np.concatenate([np.append(ids, 1) for ids in read["input_ids"][:]]).astype(np.int64)
    count = task["steps"] * task["batch"]
    length = task["row"]
    rows = torch.from_numpy(np.resize(stream, (count, length)))
    if task["family"] != "seq2seq":
        return [{"input_ids": row} for row in rows]
    inputs, targets = task["shape"]["context"], task["targets"]
    return [{"input_ids": row[:inputs], "labels": row[-targets:]} for row in rows]


def _collator(task: dict[str, Any]) -> Any:
    import transformers as hf

    if task["family"] == "seq2seq":
        return hf.default_data_collator
    file = Path(task["data"]) / "tokenizer/tokenizer.json"
    tokens = {"pad_token": "<|pad|>", "mask_token": "<|mask|>", "eos_token": "<|endoftext|>"}
    tokenizer = hf.PreTrainedTokenizerFast(tokenizer_file=str(file), **tokens)
    masked = task["family"] == "encoder"
    return hf.DataCollatorForLanguageModeling(tokenizer, mlm=masked, mlm_probability=0.3 if masked else None)


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text("utf-8")))), flush=True)
