"""DuckDB in this process and a Spark Connect cluster in others say the same, to the last minor unit."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from haitu.plan.engine import Engine, UnknownEngine, best_codes, by_path, engine, if_closed
from haitu.plan.quotes.price_list import write_skus
from tests.plan.test_price_list import goods, offers, price_list

LONGEST_START_S = 120.0
SPARK_HOME = os.environ.get("SPARK_HOME", "")  # a whole Spark, not only its client
# gRPC and pandas inside the client warn about what we do not decide.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 SKUs in two markets, in several files."""
    root = tmp_path_factory.mktemp("list")
    skus = goods(300)
    price_list(root, skus, offers(skus))
    write_skus(root, skus, chunk=100)
    root.chmod(0o755)
    return root


def answers(asked: Engine) -> list[list[dict[str, Any]]]:
    questions = [
        by_path(asked.prices),
        if_closed(asked.prices, "SZX-LEJ"),
        if_closed(asked.prices, "SZX-DE"),
        best_codes(asked.prices, asked.skus, 2),
        asked.paths.order_by("market", "path"),
    ]
    return [asked.rows(question) for question in questions]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def process(*command: str, **environment: str) -> Iterator[None]:
    """A child of ours, ended when the test is."""
    child = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def listening(port: int) -> int:
    """The port, once somebody listens there."""
    until = time.monotonic() + LONGEST_START_S
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return port
    pytest.fail(f"nobody listens on {port}")


@contextmanager
def sail() -> Iterator[str]:
    """Sail as a process of its own: a driver and two workers that shuffle over loopback."""
    port = free_port()
    cluster = {"SAIL_MODE": "local-cluster", "SAIL_CLUSTER__WORKER_INITIAL_COUNT": "2"}
    with process(str(Path(sys.executable).with_name("sail")), "spark", "server", "--port", str(port), **cluster):
        yield f"sc://127.0.0.1:{listening(port)}"


@contextmanager
def spark() -> Iterator[str]:
    """Spark standalone: a master, two workers and a Spark Connect server, each a process."""
    master, connect = free_port(), free_port()
    classes = f"{SPARK_HOME}/bin/spark-class"
    here = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_HOME": SPARK_HOME, "SPARK_DAEMON_MEMORY": "512m"}
    deploy = "org.apache.spark.deploy"
    with ExitStack() as running:
        local = ("--host", "127.0.0.1", "--webui-port", "0")
        running.enter_context(process(classes, f"{deploy}.master.Master", *local, "--port", str(master), **here))
        address = f"spark://127.0.0.1:{listening(master)}"
        for _ in range(2):
            worker = (f"{deploy}.worker.Worker", *local, "--cores", "1", "--memory", "700m", address)
            running.enter_context(process(classes, *worker, **here))
        running.enter_context(
            process(
                f"{SPARK_HOME}/bin/spark-submit",
                *("--master", address, "--executor-memory", "512m", "--driver-memory", "600m"),
                *("--conf", f"spark.connect.grpc.binding.port={connect}", "--conf", "spark.ui.enabled=false"),
                *("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.sql.shuffle.partitions=4"),
                *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "spark-internal"),
                **here,
            )
        )
        yield f"sc://127.0.0.1:{listening(connect)}"


def test_a_cluster_of_sail_says_what_duckdb_says(root: Path) -> None:
    with sail() as address:
        assert answers(engine(root, address)) == answers(engine(root, "duckdb"))


@pytest.mark.timeout(600)  # four JVMs on a busy machine
@pytest.mark.skipif(
    not (SPARK_HOME and shutil.which("java")), reason="needs java and SPARK_HOME with a whole Spark 4.0, see docs"
)
def test_a_standalone_cluster_of_spark_says_what_duckdb_says(root: Path) -> None:
    with spark() as address:
        assert answers(engine(root, address)) == answers(engine(root, "duckdb"))


def test_the_answers_are_those_of_the_rows(root: Path) -> None:
    asked = engine(root, "duckdb")
    prices = pl.read_parquet(root / "prices" / "**" / "*.parquet", hive_partitioning=True)
    germany = prices.filter(market="DE", path_1="SZX-LEJ > LEJ-DE")
    [lost] = [row for row in asked.rows(if_closed(asked.prices, "SZX-LEJ")) if row["market"] == "DE"]
    left = germany.filter(pl.col("path_2").is_not_null())
    assert lost == {
        "market": "DE",
        "skus": len(germany),
        "stranded": len(germany) - len(left),
        "lost_minor": (left["contribution_1_minor"] - left["contribution_2_minor"]).sum(),
    }
    told = [row for row in asked.rows(by_path(asked.prices)) if row["path"] == "SZX-LEJ > LEJ-DE"]
    assert [(row["skus"], row["contribution_minor"]) for row in told] == [
        (len(germany), germany["contribution_1_minor"].sum())
    ]


def test_the_setting_names_the_engine(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HAITU_ENGINE", "duckdb")
    assert engine(root).connection.name == "duckdb"
    monkeypatch.setenv("HAITU_ENGINE", "hadoop")
    with pytest.raises(UnknownEngine) as refused:
        engine(root)
    assert refused.value.told == "HAITU_ENGINE is 'hadoop'; it names 'duckdb' or an address like 'sc://host:15002'."
