# Databricks notebook source
# MAGIC %md
# MAGIC # Train a cross encoder
# MAGIC Groups of one positive and some negative passages a query in, a LoRA adapter out, on this cluster: a worker takes an executor's
# MAGIC cores. Install `rankspark.jar` as a library of the cluster first, and switch its autoscaling off. Every path may be a local one,
# MAGIC `dbfs:/`, `s3a://`, `abfss://` or a volume, as long as all executors can read it.

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
# MAGIC ## What to train, and on what

# COMMAND ----------

model = setting("model")
dataset = setting("dataset")
output = setting("output")
workers = setting("workers", "1")
group_size = setting("group_size", "16")
max_steps = setting("max_steps", "-1")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Train
# MAGIC After a loss of an executor Spark goes on from the last checkpoint by itself; after one of the driver, run this cell again with
# MAGIC `--resume-from-checkpoint true`.

# COMMAND ----------

rankspark(
    "train",
    "--model-name-or-path", model,
    "--lora",
    "--dataset-path", dataset,
    "--rerank-max-len", "196",
    "--query-prefix", "query: ",
    "--passage-prefix", "document: ",
    "--train-group-size", group_size,
    "--max-steps", max_steps,
    "--num-train-epochs", "1",
    "--learning-rate", "1e-4",
    "--bf16",
    "--gradient-checkpointing",
    "--save-steps", "0.1",
    "--logging-steps", "0.05",
    "--workers", workers,
    "--output-dir", output,
)

# COMMAND ----------

# MAGIC %md
# MAGIC ## The loss, step by step

# COMMAND ----------

log = spark.read.json(f"{output}/trainer_log.jsonl").orderBy("step")
log.select("step", "epoch", "loss", "grad_norm", "learning_rate").show(20)
