import numpy as np
import pytest
import torch

from pretrain.config import Model
from pretrain.models.decoder import Decoder
from pretrain.models.layers import Cache

FAMILIES = ["nanochat", "qwen3", "llama"]
SHAPE = {"vocabulary": 97, "context": 16, "layers": 2, "width": 24, "heads": 4, "kv_heads": 2, "feedforward": 40}


def network(architecture="nanochat", **changes):
    """A small model with weights that let every part matter (at the start some are zero)."""
    cap = 5.0 if architecture == "nanochat" else 0.0
    model = Decoder(Model(architecture=architecture, **({"logit_cap": cap} | SHAPE | changes)).resolved(97))
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(0, 0.3, generator=draw).add_(1.0 if weight.ndim == 1 else 0.0)
    return model.eval()


def tokens(rows=2, length=12, seed=1):
    return torch.randint(0, 97, (rows, length), generator=torch.Generator().manual_seed(seed))


# --- a slow reference in NumPy, float64, one token at a time ---------------------------------------------------------


def norm(x, epsilon=1e-6):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon)


def turned(x, position, theta=10_000.0):
    """Rotate pairs (i, i + K/2) by −position·θ^(−2i/K)."""
    half = len(x) // 2
    out = np.empty_like(x)
    for i in range(half):
        angle = -position * theta ** (-2 * i / len(x))
        out[i] = x[i] * np.cos(angle) - x[i + half] * np.sin(angle)
        out[i + half] = x[i + half] * np.cos(angle) + x[i] * np.sin(angle)
    return out


def attended(x, weight, name, heads, kv_heads, documents):
    q, k, v = (x @ weight[f"{name}.{part}.weight"].T for part in ("query", "key", "value"))
    size = q.shape[1] // heads
    mixed = np.zeros_like(q)
    for t in range(len(x)):
        for h in range(heads):
            g = h // (heads // kv_heads)
            query = norm(turned(q[t, h * size : (h + 1) * size], t))
            seen = [s for s in range(t + 1) if documents[s] == documents[t]]
            keys = np.stack([norm(turned(k[s, g * size : (g + 1) * size], s)) for s in seen])
            logits = keys @ query / np.sqrt(size)
            shares = np.exp(logits - logits.max())
            mixed[t, h * size : (h + 1) * size] = (shares / shares.sum()) @ v[seen, g * size : (g + 1) * size]
    return mixed @ weight[f"{name}.output.weight"].T


def reference(model, row, documents):
    weight = {name: p.detach().double().numpy() for name, p in model.named_parameters()}
    x = norm(weight["embedding.weight"][row])
    for layer in range(model.config.layers):
        block = f"blocks.{layer}"
        x = x + attended(norm(x), weight, f"{block}.attention", 4, 2, documents)
        inner = np.maximum(norm(x) @ weight[f"{block}.feedforward.up.weight"].T, 0) ** 2
        x = x + inner @ weight[f"{block}.feedforward.down.weight"].T
    cap = model.config.logit_cap
    return cap * np.tanh(norm(x) @ weight["head.weight"].T / cap)


@pytest.mark.parametrize("documents", [[0] * 12, [0] * 5 + [1] * 4 + [2] * 3])
def test_the_decoder_is_its_formula(documents):
    model, row = network(), tokens(1)

    isolated = torch.tensor([documents]) if len(set(documents)) > 1 else None
    found = model.logits(model(row, isolated))[0].detach().numpy()

    np.testing.assert_allclose(found, reference(model, row[0].numpy(), documents), atol=1e-4)


@pytest.mark.parametrize("architecture", FAMILIES)
@pytest.mark.parametrize("kv_heads", [4, 2])
def test_logits_are_those_of_transformers(architecture, kv_heads):
    transformers = pytest.importorskip("transformers")
    model = network(architecture, kv_heads=kv_heads)

    theirs = _theirs(transformers, model)

    with torch.no_grad():
        np.testing.assert_allclose(model.logits(model(tokens())), theirs(tokens()).logits, atol=1e-4)


def _theirs(transformers, model):
    """The class of that name in transformers with the same weights."""
    shape = model.config
    options = {
        "vocab_size": shape.vocabulary, "hidden_size": shape.width, "intermediate_size": shape.feedforward,
        "num_hidden_layers": shape.layers, "num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads,
        "max_position_embeddings": shape.context, "rms_norm_eps": shape.norm_epsilon, "tie_word_embeddings": shape.tied,
        "head_dim": shape.width // shape.heads, "attn_implementation": "eager",
        "rope_parameters": {"rope_type": "default", "rope_theta": shape.rope_theta},
        "bos_token_id": None, "eos_token_id": None, "pad_token_id": None,
    }  # fmt: skip
    name = {"nanochat": "NanoChat", "qwen3": "Qwen3", "llama": "Llama"}[shape.architecture]
    extra = {"final_logit_softcapping": shape.logit_cap} if shape.architecture == "nanochat" else {}
    theirs = getattr(transformers, f"{name}ForCausalLM")(getattr(transformers, f"{name}Config")(**options, **extra))
    up = {"feedforward.up": "mlp.fc1", "feedforward.down": "mlp.fc2"} if shape.architecture == "nanochat" else {}
    names = {
        "embedding": "model.embed_tokens", "blocks": "model.layers", "head": "lm_head", "norm": "model.norm",
        "attention_norm": "input_layernorm", "feedforward_norm": "post_attention_layernorm",
        "attention.query": "self_attn.q_proj", "attention.key": "self_attn.k_proj",
        "attention.value": "self_attn.v_proj", "attention.output": "self_attn.o_proj",
        "attention.query_norm": "self_attn.q_norm", "attention.key_norm": "self_attn.k_norm",
        "feedforward.gate": "mlp.gate_proj", "feedforward.up": "mlp.up_proj", "feedforward.down": "mlp.down_proj", **up,
    }  # fmt: skip
    weights = {}
    for mine, weight in model.named_parameters():
        stem = mine.removesuffix(".weight")
        if stem.startswith("blocks."):
            _, layer, part = stem.split(".", 2)
            weights[f"model.layers.{layer}.{names[part]}.weight"] = weight
        else:
            weights[f"{names[stem]}.weight"] = weight
    theirs.load_state_dict(weights, strict=not shape.tied)
    return theirs.eval()


@pytest.mark.parametrize("architecture", FAMILIES)
def test_a_token_does_not_see_those_after_it(architecture):
    model, row = network(architecture), tokens(1)
    changed = row.clone()
    changed[0, 7:] = (changed[0, 7:] + 1) % 97

    assert torch.equal(model(row)[:, :7], model(changed)[:, :7])


@pytest.mark.parametrize("architecture", FAMILIES)
def test_an_isolated_document_reads_as_if_alone(architecture):
    model, row = network(architecture), tokens(1)
    documents = torch.tensor([[3] * 5 + [8] * 7])

    joined, alone = model(row, documents)[:, 5:], model(row[:, 5:])

    torch.testing.assert_close(joined, alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("architecture", FAMILIES)
def test_a_cache_changes_nothing(architecture):
    model, row = network(architecture), tokens(1)
    cache = Cache()

    parts = [model(row[:, a:b], cache=cache) for a, b in ((0, 5), (5, 6), (6, 9), (9, 12))]

    torch.testing.assert_close(torch.cat(parts, 1), model(row), atol=1e-5, rtol=1e-4)
    assert cache.length == 12


@pytest.mark.parametrize("architecture", FAMILIES)
@pytest.mark.parametrize("tied", [False, True])
def test_initialisation_sets_every_weight_from_the_seed(architecture, tied):
    one, two = (Decoder(Model(architecture=architecture, tied=tied, **SHAPE)) for _ in range(2))
    with torch.no_grad():
        for weight in one.parameters():
            weight.fill_(torch.nan)

    one.initialise(5)
    two.initialise(5)

    pairs = list(zip(one.parameters(), two.parameters(), strict=True))
    assert all(torch.equal(a, b) and a.isfinite().all() for a, b in pairs)


@pytest.mark.parametrize("architecture", FAMILIES)
def test_an_untrained_model_knows_nothing(architecture):
    model = Decoder(Model(architecture=architecture, **SHAPE))
    model.initialise(1)

    loss = torch.nn.functional.cross_entropy(model.logits(model(tokens())).flatten(0, 1), tokens().flatten())

    assert loss.item() == pytest.approx(np.log(97), abs=0.01)


def test_work_a_token_is_counted_by_the_formula():
    model = Decoder(Model(architecture="nanochat", **SHAPE))
    matrices = 2 * (24 * 24 * 2 + 24 * 12 * 2 + 24 * 40 * 2)

    assert model.matrix_parameters() == matrices
    assert model.flops_per_token() == 6 * (matrices + 97 * 24) + 12 * 2 * 24 * 16
