#!/usr/bin/env python3
"""What a second executor brings, beside what a second core brings to plain matrix products.

    python benchmarks/executors.py --model DIR --dataset FILE [--pairs 2048] [--tasks 16] [--dtype bfloat16] [--rounds 2]
                                   [--pinned] [--java-options=-XX:TieredStopAtLevel=1]

A standalone cluster is started from the build's Spark; in turns, products of the model's width in one process of one thread and in
two at once, and `rerank` on one executor of one core and on two. A job's time is that of its scoring stage, from its first task's
start to its last one's end, loading the model included; what the second executor brings is held against what the second core brings
to the products of the same round. The slots' last tasks end at times whose difference, as a part of the stage, is told too. An
executor of one core takes some of another one where it is idle, for tokenizing, compiling and collecting garbage: --pinned ties each
executor, and each process of products, to a core of its own. --java-options are the executors'. Needs a built jar and torch.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

from whole_job import HOME, opens, rerank, write_pairs

PRODUCTS = """
import sys, time, torch
torch.set_num_threads(1)
dtype = getattr(torch, sys.argv[1])
a, b = torch.randn(1344, 768).to(dtype), torch.randn(768, 2304).to(dtype)
for _ in range(20):
    a @ b
print("ready", flush=True)
sys.stdin.readline()
count, start = 0, time.perf_counter()
while time.perf_counter() - start < 10:
    a @ b
    count += 1
print(count / (time.perf_counter() - start))
"""


def on(core):
    """What a command begins with to run on a core alone; None for any."""
    return [] if core is None else ["taskset", "--cpu-list", core]


def products(dtype, cores):
    """Products a second of a process for each of some cores at once."""
    started = [subprocess.Popen([*on(core), sys.executable, "-c", PRODUCTS, dtype], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True) for core in cores]
    for process in started:
        process.stdout.readline()
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    return sum(float(process.communicate()[0]) for process in started)


def daemon(folder, name, core, said, *arguments):
    """Starts Spark's master or worker and waits until its log says something; gives the process and what it matched."""
    log = folder / f"{name}.log"
    command = [*on(core), "java", *opens(), "-cp", f"{HOME}/spark/target/spark/jars/*", f"org.apache.spark.deploy.{arguments[0]}",
               *arguments[1:]]
    with open(log, "wb") as out:
        process = subprocess.Popen([str(word) for word in command], stdout=out, stderr=out,
                                   env={**os.environ, "SPARK_HOME": str(HOME / "spark/target/spark"), "SPARK_LOCAL_IP": "127.0.0.1",
                                        "SPARK_SCALA_VERSION": "2.12"})
    for _ in range(300):
        found = re.search(said, log.read_text())
        if found:
            return process, found
        time.sleep(0.2)
    process.kill()
    raise SystemExit(log.read_text()[-2000:])


def scoring(log, tasks):
    """Seconds of the stage of so many tasks that took longest, and how far apart its slots ended, as a part of them."""
    stages = {}
    for line in open(log, encoding="utf-8"):
        if line.startswith('{"Event":"SparkListenerTaskEnd"'):
            event = json.loads(line)
            stages.setdefault(event["Stage ID"], []).append(event["Task Info"])
    best = max((infos for infos in stages.values() if len(infos) == tasks),
               key=lambda infos: sum(info["Finish Time"] - info["Launch Time"] for info in infos))
    last = {}
    for info in best:
        last[info["Executor ID"]] = max(last.get(info["Executor ID"], 0), info["Finish Time"])
    seconds = (max(last.values()) - min(info["Launch Time"] for info in best)) / 1000
    return seconds, (max(last.values()) - min(last.values())) / 1000 / seconds


def job(options, path, folder, master, executors):
    events = folder / f"events-{time.time_ns()}"
    events.mkdir()
    settings = {"spark.executor.cores": 1, "spark.cores.max": executors, "spark.executor.memory": "1g",
                "spark.executor.extraJavaOptions": options.java_options, "spark.scheduler.minRegisteredResourcesRatio": 1,
                "spark.scheduler.maxRegisteredResourcesWaitingTime": "60s",
                "spark.eventLog.enabled": "true", "spark.eventLog.dir": events.as_uri()}
    words = [f"--master {master}", *(f"--conf {name}={value}" for name, value in settings.items())]
    command = [*rerank(options, path, folder / f"run-{executors}.txt"), "--partitions", str(options.tasks)]
    subprocess.run(command, env={**os.environ, "RANKSPARK_SPARK_ARGS": " ".join(words)}, stderr=subprocess.PIPE, check=True)
    (log,) = events.iterdir()
    return scoring(log, options.tasks)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--dataset", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=int, default=2048)
    parser.add_argument("--tasks", type=int, default=16)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--pinned", action="store_true")
    parser.add_argument("--java-options", default="-Dnone")
    options = parser.parse_args()
    options.model, options.dataset = options.model.resolve(), options.dataset.resolve()
    cores = ["0", "1"] if options.pinned else [None, None]
    started = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        path = folder / "pairs.jsonl"
        write_pairs(options.dataset, options.pairs, path)
        try:
            master, found = daemon(folder, "master", None, r"Starting Spark master at (spark://\S+)", "master.Master", "--host",
                                   "127.0.0.1", "--port", 0, "--webui-port", 0)
            started.append(master)
            for number, core in enumerate(cores):
                worker, _ = daemon(folder, f"worker-{number}", core, "Successfully registered with master", "worker.Worker", "--host",
                                   "127.0.0.1", "--webui-port", 0, "--cores", 1, "--memory", "2g", "--work-dir",
                                   folder / f"work-{number}", found.group(1))
                started.append(worker)
            ratios = []
            for number in range(options.rounds):
                of_products = products(options.dtype, cores) / products(options.dtype, cores[:1])
                one, _ = job(options, path, folder, found.group(1), 1)
                two, apart = job(options, path, folder, found.group(1), 2)
                of_products = (of_products + products(options.dtype, cores) / products(options.dtype, cores[:1])) / 2
                if (folder / "run-1.txt").read_bytes() != (folder / "run-2.txt").read_bytes():
                    raise SystemExit("two executors write another run than one")
                ratios.append(one / two / of_products)
                print(f"round {number + 1}: one executor {one:.1f} s, two {two:.1f} s, {one / two:.3f} times; products {of_products:.3f} "
                      f"times; {ratios[-1]:.3f} of that; {options.tasks} tasks, slots end {100 * apart:.1f} % apart", flush=True)
            print(f"{options.pairs} pairs, {options.dtype}: {statistics.median(ratios):.3f} of what a second core brings to products")
        finally:
            for process in reversed(started):
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
