# Databricks notebook source
# MAGIC %md
# MAGIC # Rerank a run with a cross encoder
# MAGIC RepLLaMA's run in, RankLLaMA's scores out, on this cluster. Install `rankspark.jar` as a library of the cluster first.
# MAGIC Every path may be a local one, `dbfs:/`, `s3a://`, `abfss://` or a volume, as long as all executors can read it.

# COMMAND ----------

import os

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()


def setting(name, default=None):
    """A widget of this notebook on Databricks, an environment variable elsewhere."""
    try:
        dbutils.widgets.text(name, default or "")  # noqa: F821, Databricks brings it
        return dbutils.widgets.get(name)  # noqa: F821
    except NameError:
        return os.environ.get(f"RANKSPARK_{name.upper()}", default)


def rankspark(*args):
    """Runs a command of RankSpark in this session; prints what it prints, raises what it says went wrong."""
    try:
        jvm, gateway = spark._jvm, spark._sc._gateway
    except Exception:  # each Spark and each vendor raises its own
        raise RuntimeError(
            "RankSpark's jar runs in Spark's JVM, which a session of Spark Connect does not reach (Databricks' shared compute and "
            "serverless are such): attach the notebook to compute with dedicated access, or run the jar as a task of a job there"
        ) from None
    words = gateway.new_array(jvm.java.lang.String, len(args))
    for i, word in enumerate(args):
        words[i] = str(word)
    out, err = jvm.java.io.StringWriter(), jvm.java.io.StringWriter()
    code = jvm.dev.rankspark.jobs.Main.execute(words, jvm.java.io.PrintWriter(out), jvm.java.io.PrintWriter(err))
    print(out.toString() + err.toString())
    if code != 0:
        raise RuntimeError(err.toString().strip().splitlines()[-1])


# COMMAND ----------

# MAGIC %md
# MAGIC ## What to rerank, and with what

# COMMAND ----------

model = setting("model")
lora = setting("lora", "")
queries = setting("queries")
corpus = setting("corpus")
run = setting("run")
qrels = setting("qrels")
output = setting("output")
depth = setting("depth", "200")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Join, score and rank in one job

# COMMAND ----------

rankspark(
    "rerank",
    "--model-name-or-path", model,
    *(["--lora-name-or-path", lora] if lora else []),
    "--queries", queries,
    "--corpus", corpus,
    "--retrieval-results", run,
    "--depth", depth,
    "--rerank-max-len", "196",
    "--query-prefix", "query: ",
    "--passage-prefix", "document: ",
    "--rerank-output-path", output,
    "--qrels", qrels,
    "--overwrite",
)

# COMMAND ----------

# MAGIC %md
# MAGIC ## The run as a table

# COMMAND ----------

reranked = spark.read.csv(output, sep="\t", schema="query_id string, docid string, score float", quote="")
reranked.show(5)
print(f"{reranked.count()} lines")
