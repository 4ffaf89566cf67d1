#!/usr/bin/env python3
"""How fast Spark's own surfaces are beside `rerank`: a stage of spark.ml, and the SQL function.

    SPARK_HOME=.../pyspark python benchmarks/surfaces.py --model DIR --dataset FILE [--pairs 4300] [--rounds 3] [--only stage]

In turns, in one session of local[2] with the built jar: `rerank` of the pairs of a rerank input (a job's whole time: it reads, checks,
probes, scores and writes its run), the stage's `transform` and the function's projection over the same file, each written as Parquet. The
order turns from round to round, a first one of few pairs is not counted. Prints pairs a second and, for each surface, the median over the
rounds of its ratio to `rerank` of the same round. The surfaces have a query's pairs in one task: give them many queries a core.
Needs pyspark on the path (or SPARK_HOME's python) and this checkout's python folder.
"""
import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time

HOME = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME / "python"))

from pyspark.sql import SparkSession  # noqa: E402

from rankspark import commands  # noqa: E402
from rankspark.ml import RankLlamaReranker  # noqa: E402
from rankspark.session import model, register  # noqa: E402

PROMPT = {"query_prefix": "query: ", "passage_prefix": "document: ", "rerank_max_len": 196}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--dataset", required=True, help="rerank input, JSON lines")
    parser.add_argument("--pairs", type=int, default=4300)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["stage", "sql"])
    options = parser.parse_args()
    spark = (SparkSession.builder.master("local[2]").config("spark.jars", HOME / "jobs/target/rankspark.jar")
             .config("spark.driver.memory", os.environ.get("RANKSPARK_DRIVER_MEMORY", "4g")).config("spark.ui.enabled", "false")
             .config("spark.ui.showConsoleProgress", "false").getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(options.dataset).read_text(encoding="utf-8").splitlines(keepends=True)[:options.pairs]
        dataset = pathlib.Path(folder, "pairs.jsonl")
        dataset.write_text("".join(lines[:128]), encoding="utf-8")
        output = f"{folder}/scored"
        register(spark)
        model(spark, "measured", {"modelNameOrPath": options.model, "queryPrefix": PROMPT["query_prefix"],
                                  "passagePrefix": PROMPT["passage_prefix"], "rerankMaxLen": PROMPT["rerank_max_len"],
                                  "dtype": options.dtype})

        def table():
            return spark.read.json(str(dataset), schema="query_id string, docid string, query string, title string, text string")

        def rerank():
            commands.rerank(model_name_or_path=options.model, dataset_path=dataset, rerank_output_path=f"{folder}/run.txt",
                            dtype=options.dtype, overwrite=True, **PROMPT)

        def stage():
            reranker = RankLlamaReranker(modelUrl=options.model, queryPrefix=PROMPT["query_prefix"], dtype=options.dtype,
                                         passagePrefix=PROMPT["passage_prefix"], rerankMaxLen=PROMPT["rerank_max_len"],
                                         inputCols=["query", "text", "title"])
            reranker.transform(table()).select("query_id", "docid", "score").write.mode("overwrite").parquet(output)

        def sql():
            (table().selectExpr("query_id", "docid", "rerank_score(query, text, title, 'measured') AS score")
             .write.mode("overwrite").parquet(output))

        ratios = {surface: [] for surface in (stage, sql) if options.only in (None, surface.__name__)}
        surfaces = [rerank, *ratios]
        for surface in surfaces:
            surface()
        dataset.write_text("".join(lines), encoding="utf-8")
        for round_ in range(options.rounds):
            seconds = {}
            first = round_ % len(surfaces)
            for surface in surfaces[first:] + surfaces[:first]:
                start = time.perf_counter()
                surface()
                seconds[surface] = time.perf_counter() - start
            print("round", round_, {surface.__name__: round(len(lines) / seconds[surface], 2) for surface in surfaces}, flush=True)
            for surface, found in ratios.items():
                found.append(seconds[rerank] / seconds[surface])
        for surface, found in ratios.items():
            print(f"{surface.__name__} / rerank: {statistics.median(found):.3f} (rounds {[round(ratio, 3) for ratio in found]})")
    spark.stop()


if __name__ == "__main__":
    main()
