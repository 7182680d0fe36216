"""Peak memory of `curate run` on one worker, over inputs that grow by four: what streams must not grow with them."""

from tests.bench import peer
from tests.bench.inputs import corpus, sample
from tests.bench.setting import Setting, say
from tests.bench.tables import duration, rate, size, table


def main(setting: Setting) -> str:
    """Measure and tell."""
    whole = corpus(setting.data, setting.inputs, setting.size)
    tokenizer = peer.tokenizer(setting.tokenizer, whole)
    options = ["--set", f"tokens.tokenizer={tokenizer}"]
    if setting.lid is not None:
        options += ["--set", f"language.model={setting.lid.resolve()}"]
    rows = []
    for target in _sizes(whole.bytes):
        given = sample(whole, target)
        say(f"curate run over {size(given.bytes)}")
        took, report = setting.curate(setting.recipe, given.path, *options)
        rows.append(
            (
                size(given.bytes),
                f"{given.documents:,}",
                f"{report['output']['documents']:,}",
                size(took.peak_bytes),
                duration(took.seconds),
                rate(given.bytes / 1e6 / took.seconds),
            )
        )
    head = ("input", "documents", "kept", "peak memory", "wall time", "MB/s")
    return f"Input: growing parts of {whole.told()}.\n\n{table(head, rows)}"


def _sizes(whole: int) -> list[int]:
    sizes, at = [whole], whole // 4
    while at >= 10**6 and len(sizes) < 5:
        sizes.append(at)
        at //= 4
    return sizes[::-1]
