"""What a run's processes take together: planned, told, and kept."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import Options, forecast, memory, run
from curate.errors import UsageError
from curate.ingest import Ingest, discover
from curate.memory import MB, plan
from curate.pool import Job, Pool
from curate.stage import DOCUMENT
from curate.stages.exact import Exact
from tests.bench import dedup_scale
from tests.conftest import build, document, write_jsonl
from tests.test_pilot import digests

GB = 2**30


def test_a_budget_that_is_large_enough_has_all_workers():
    made = plan(8 * GB, 4, 300 * MB, models=0, trains=True)

    assert (made.workers, made.each) == (4, 300 * MB + memory.WORKING)
    assert "4 workers at 630 MB each, " in made.told()


def test_what_a_stage_takes_at_work_counts_for_every_process():
    made, plain = (plan(8 * GB, 2, 900 * MB, models=400 * MB, trains=False, working=n * MB) for n in (430, 0))

    assert made.each - plain.each == made.alone - plain.alone == 430 * MB
    assert plan(8 * GB, 8, 900 * MB, models=400 * MB, trains=False, working=430 * MB).workers < 8


def test_too_many_workers_for_a_budget_are_fewer_and_the_plan_says_so():
    made = plan(2 * GB, 16, 300 * MB, models=0, trains=False)

    assert made.workers == 2
    assert "2 workers at 630 MB each instead of 16" in made.told()
    assert made.here + made.workers * made.each < made.budget


def test_where_two_workers_do_not_fit_one_process_does_all():
    made = plan(1300 * MB, 16, 300 * MB, models=0, trains=True)

    assert (made.workers, made.each) == (1, 0)
    assert "one process instead of 16" in made.told()


def test_a_budget_for_not_even_one_process_is_refused_and_the_least_is_named():
    with pytest.raises(UsageError, match=r"--memory 500 MB is too little: this recipe takes 1.1 GB at least"):
        plan(500 * MB, 1, 300 * MB, models=0, trains=True)


def test_a_budget_that_leaves_a_barrier_less_than_it_needs_is_refused_and_the_least_is_named():
    with pytest.raises(UsageError, match=r"--memory 700 MB is too little: this recipe takes 890 MB at least") as error:
        plan(700 * MB, 2, 300 * MB, models=0, trains=False, barriers=400 * MB)

    made = plan(890 * MB, 2, 300 * MB, models=0, trains=False, barriers=400 * MB)
    assert made.most == 400 * MB
    assert "\n" not in str(error.value)


def test_a_plan_says_where_barriers_would_need_more_for_all_documents_and_names_the_budget():
    made = plan(1000 * MB, 2, 300 * MB, models=0, trains=False, barriers=96 * MB)

    assert made.told(510 * MB).endswith("one process instead of 2, 630 MB at its peak here, 510 MB for barriers")
    assert made.told(600 * MB).endswith(
        "510 MB for barriers, too little if all documents reach them: that takes --memory 1.1 GB"
    )


def test_workers_that_leave_a_barrier_too_little_are_said_to_end_before_it():
    made = plan(2 * GB, 2, 300 * MB, models=0, trains=False)

    assert made.told(made.left).endswith("238 MB for barriers")
    assert made.told(made.left + 1).endswith("1.5 GB for barriers once the workers have ended")


def test_a_budget_beyond_the_machine_s_memory_is_taken_for_all_of_it():
    assert memory.granted(10**24) == psutil.virtual_memory().total
    assert memory.granted(GB) == GB
    assert memory.size(999_999 * 2**40) == "999,999.0 TB"


def test_workers_load_the_recipe_s_models_but_not_what_else_their_parent_has_loaded():
    made = plan(64 * GB, 2, 30 * GB, models=2 * GB, trains=False)

    assert made.each == memory.LIBRARIES + 2 * GB + memory.WORKING


def test_the_default_is_a_share_of_what_the_control_group_may_take(tmp_path):
    group, mine = tmp_path / "jobs" / "mine", tmp_path / "cgroup"
    group.mkdir(parents=True)
    mine.write_text("0::/jobs/mine\n", "utf-8")
    (group / "memory.max").write_text("max\n", "ascii")
    (tmp_path / "jobs" / "memory.max").write_text("1000000\n", "ascii")

    assert memory._limits(tmp_path, mine) == [1_000_000]
    assert 0 < memory.default() <= psutil.virtual_memory().total


def test_a_process_knows_what_it_holds():
    before = memory.resident()
    held = bytearray(200 * MB)

    assert memory.resident() - before > 190 * MB
    assert memory.peak() >= memory.resident() - MB
    del held


def test_a_barrier_that_needs_more_than_there_is_stops_the_run_and_names_the_least(tmp_path, monkeypatch):
    monkeypatch.setattr(Exact, "forecast", lambda _self, rows, _bytes: 2**40 if rows else 0)
    source = write_jsonl(tmp_path / "in.jsonl", [document(i) for i in range(5)])

    with pytest.raises(UsageError, match=r"--memory 4.0 GB is too little for exact: it takes 1\.0 TB at least"):
        run(build({"use": "exact"}), [source], tmp_path / "out", options=Options(workers=1, memory=4 * GB))


def touch(_setting, folder):
    folder.mkdir(parents=True)


def test_workers_end_where_beside_them_too_little_is_left_and_start_again(tmp_path):
    def jobs(name):
        return [Job(touch, tmp_path / name / str(i), {}) for i in range(3)]

    with Pool(build(), 2) as pool:
        assert len(list(pool.run(jobs("first")))) == 3
        children = psutil.Process().children()
        budget = memory.resident() + 2 * GB
        beside = pool.room(budget, 1)
        assert all(child.is_running() for child in children)

        alone = pool.room(budget, 2 * GB)

        assert beside < 2 * GB - 50 * MB < alone
        assert len(list(pool.run(jobs("second")))) == 3
        assert pool.peak > memory.peak()


def peak_of(command):
    """Run a command; the greatest sum of resident memory over its processes."""
    process = subprocess.Popen([str(part) for part in command])
    most = 0
    while process.poll() is None:
        held = 0
        for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
            try:
                held += one.memory_info().rss
            except psutil.Error:
                continue
        most = max(most, held)
        time.sleep(0.02)
    assert process.returncode == 0
    return most


@pytest.mark.parametrize(("workers", "budget"), [(2, "1700MB"), (1, "1400MB")])
def test_a_run_keeps_its_budget_and_the_budget_changes_no_byte(tmp_path, workers, budget, planted):
    folder, whole = planted
    command = [sys.executable, "-m", "curate", "run", folder / "dedup.toml", folder / "input", "--output", tmp_path]

    peak = peak_of([*command, "--workers", workers, "--memory", budget, "--quiet"])

    assert peak < int(budget.removesuffix("MB")) * MB
    assert digests(tmp_path) == digests(whole)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Twenty thousand documents with planted clusters, and a run over them."""
    folder = tmp_path_factory.mktemp("planted")
    dedup_scale.make(folder, 20_000, 1500, seed=1)
    recipe = dedup_scale.RECIPE.replace("8192", "1024")
    (folder / "dedup.toml").write_text(recipe, "utf-8")
    command = [sys.executable, "-m", "curate", "run", folder / "dedup.toml", folder / "input", "--quiet"]
    subprocess.run([*map(str, command), "--output", str(folder / "out")], check=True)
    return folder, folder / "out"


def test_planted_clusters_keep_one_document_each(planted):
    told = dedup_scale.check(Path(planted[0]))

    assert told.startswith("20,000 documents, 500 planted clusters: 500 kept one, 0 none, 0 more")
    assert told.endswith("documents like no other 0 went, of those far from their head 0")


def test_a_forecast_looks_into_json_lines_and_parquet_for_the_size_of_a_document(tmp_path):
    short = write_jsonl(tmp_path / "short.jsonl", ["a few words of text"] * 50_000)
    table = pa.table({"text": ["some"] * 1234})
    pq.write_table(table, tmp_path / "rows.parquet")
    (tmp_path / "page.html").write_text("<html><body>" + "<p>text</p>" * 9_000)

    def estimated(*paths):
        return forecast.estimate(discover(paths, Ingest(), tmp_path / "out").sources, None).documents

    assert 49_000 < estimated(short) < 51_000
    assert estimated(tmp_path / "rows.parquet") == 1234
    assert estimated(tmp_path / "page.html") == 1


def test_a_forecast_needs_no_column_of_other_stages():
    recipe = build(
        {"use": "length"}, {"use": "minhash", "keep": "length.words"}, {"use": "exact", "scope": "meta.crawl"}
    )

    told = forecast.told(recipe, forecast.Size(1_000_000, 3 * GB))

    assert told.startswith("1,000,000 documents, 3.0 GB: at least minhash 157 MB, exact 157 MB of memory, ")
    one = forecast.Size(1, 3000)
    plain = build({"use": "minhash"})
    assert forecast.sketch_bytes(recipe.stages[1], one) == forecast.sketch_bytes(plain.stages[0], one) > 640


@pytest.mark.parametrize("use", ["lines", "paragraphs", "substring"])
def test_a_forecast_of_disk_counts_the_parts_of_texts_that_sketches_list(use):
    (barrier,) = build({"use": use}).stages
    texts = pa.array(["\n\n".join(document(10 * n + k) for k in range(10)) for n in range(40)])
    columns = [texts if name == "text" else pa.nulls(40, pa.string()) for name in DOCUMENT.names]
    sketch = barrier.sketch(pa.RecordBatch.from_arrays(columns, names=DOCUMENT.names))

    told = forecast.sketch_bytes(barrier, forecast.Size(40, sum(len(text.encode()) for text in texts.to_pylist())))

    assert sketch.nbytes / 4 < told < sketch.nbytes * 4
