import pytest
import yaml

from pretrain import card, record, report
from pretrain.checkpoint import State
from pretrain.config import Config, load
from pretrain.energy import power
from pretrain.errors import CheckpointError
from pretrain.families import FAMILIES
from pretrain.training import train


def known(**changes):
    said = {
        "data_digest": "ab" * 32,
        "sources": [["docs", 10]],
        "languages": [["no", 9], ["x: [", 1]],
        "documents": 10,
        "text_tokens": 990,
        "layer_parameters": 1_800_000,
        "parameters": 5_000_000,
        "flops_per_token": 1e7,
        "hardware": "NVIDIA H100 80GB HBM3",
        "precision": "bfloat16",
        "software": "torch",
    }
    return record.Record.model_validate(said | changes)


def front_matter(text):
    _, front, _ = text.split("---\n", 2)
    return yaml.safe_load(front)


@pytest.mark.parametrize(("family", "task"), [("encoder", "fill-mask"), ("seq2seq", "text2text-generation")])
def test_the_card_of_each_family_says_what_it_is_good_for(tmp_path, family, task):
    facts = card.compose(Config(), State(step=3, tokens=5000, seconds=7200.0), known(family=family), [])

    card.write(tmp_path / "README.md", facts)

    text = (tmp_path / "README.md").read_text()
    assert front_matter(text)["pipeline_tag"] == task
    assert FAMILIES[family].uses[0] in text
    assert FAMILIES["decoder"].uses[0] not in text


def test_the_front_matter_keeps_norwegian_and_drops_what_is_no_label(tmp_path):
    card.write(tmp_path / "README.md", card.compose(Config(), State(), known(), []))

    text = (tmp_path / "README.md").read_text()

    assert front_matter(text)["language"] == ["no"]


def test_the_hub_reads_the_card(tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    card.write(tmp_path / "README.md", card.compose(Config(), State(), known(), []))

    read = hub.ModelCard.load(tmp_path / "README.md")

    assert read.data.pipeline_tag == "text-generation"
    assert read.data.tags == ["pretraining", "from-scratch", "sluice"]


def test_a_card_is_written_again_from_the_run_alone(settings, corpus, tmp_path):
    run = tmp_path / "run"
    train(settings, corpus, run)
    before = (run / "README.md").read_text()

    again = card.compose(
        load(run / "config.toml"),
        card.last_state(run),
        record.read(run),
        report.read(run / "metrics.jsonl"),
    )
    card.write(run / "README.md", again)

    assert (run / "README.md").read_text() == before


@pytest.mark.parametrize("said", ["", "[]", '{"format": 2}', '{"data_digest": "`\\n# head"}'])
def test_a_record_of_another_kind_is_one_line(tmp_path, said):
    (tmp_path / "card.json").write_text(said)

    with pytest.raises(CheckpointError, match=r"card\.json: ") as caught:
        record.read(tmp_path)

    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("hardware", "watts"),
    [
        ("NVIDIA H100 80GB HBM3", 700),
        ("NVIDIA H100 PCIe", 350),
        ("NVIDIA A100-SXM4-80GB", 400),
        ("AMD EPYC, 2 of 8 threads", 10),
        ("riscv", 5),
    ],
)
def test_power_is_the_rated_one_or_by_threads(hardware, watts):
    assert power(hardware).watts == watts


def test_energy_comes_with_its_assumption():
    facts = card.compose(Config(), State(step=1, tokens=10, seconds=3600.0), known(), [])

    said = dict(facts.tables["Cost"])["energy, estimated"]

    assert said.startswith("0.7 kWh (rated power of 1 × H100, 700 W;")
