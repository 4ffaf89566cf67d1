# Databricks notebook source
# MAGIC %md
# MAGIC # Rerank a run with a cross encoder
# MAGIC A run of a first stage in, the same run in a cross encoder's order out, and nDCG@10 of each query before and after.
# MAGIC
# MAGIC **Compute**: dedicated access, Spark 3.5 or 4; GPUs where the model has billions of parameters. Standard compute and serverless have
# MAGIC neither a GPU nor a JVM for Python. **Libraries**: `rankspark.jar` on the cluster, and the Python package:
# MAGIC `%pip install /Workspace/Repos/you/rankspark/python`.
# MAGIC
# MAGIC Every path may be a volume's, `dbfs:/`, `s3a://`, `abfss://` or a local one, as long as all executors can read it.

# COMMAND ----------

import os

import matplotlib.pyplot as plt
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.sql.window import Window

import rankspark

spark = SparkSession.builder.getOrCreate()


def setting(name, default=""):
    """A widget of this notebook on Databricks, an environment variable elsewhere."""
    try:
        dbutils.widgets.text(name, default)  # noqa: F821, Databricks brings it
        return dbutils.widgets.get(name)  # noqa: F821
    except NameError:
        return os.environ.get(f"RANKSPARK_{name.upper()}", default)


# COMMAND ----------

# MAGIC %md
# MAGIC ## What to rerank, and with what

# COMMAND ----------

model = setting("model", "castorini/rankllama-v1-7b-lora-passage")
queries = spark.read.csv(setting("queries"), sep="\t", quote="", schema="qid string, query string")
corpus = spark.read.json(setting("corpus"), schema="docid string, title string, text string")
output = setting("output")
depth = int(setting("depth", "200"))


def lines(path):
    """The words of each line, as TREC's files have them."""
    return spark.read.text(path).select(F.split(F.trim("value"), r"\s+").alias("words"))


run = lines(setting("run")).selectExpr(
    "words[0] AS qid", "words[2] AS docid", "CAST(words[3] AS int) AS rank", "CAST(words[4] AS double) AS score")
qrels = lines(setting("qrels")).selectExpr("words[0] AS qid", "words[2] AS docid", "CAST(words[3] AS int) AS grade")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Join
# MAGIC The first passages of each query, with their texts.

# COMMAND ----------

best_first = Window.partitionBy("qid").orderBy("rank")
candidates = (run.withColumn("place", F.row_number().over(best_first))
              .where(F.col("place") <= depth)
              .join(queries, "qid")
              .join(corpus, "docid")
              .select("qid", "docid", "query", "title", F.col("text").alias("passage")))
print(f"{candidates.count()} pairs of {queries.count()} queries")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Score
# MAGIC One model per executor and device, `EXPLAIN` shows `RerankPairs`. The table is lazy: it is written once, and read from there.

# COMMAND ----------

scored = rankspark.rerank(
    candidates, model, title_col="title", query_prefix="query: ", passage_prefix="document: ", rerank_max_len=196,
    dtype=setting("dtype", "auto"))
scored.select("qid", "docid", "score").write.mode("overwrite").parquet(output)
reranked = spark.read.parquet(output)
reranked.show(5)

# COMMAND ----------

# MAGIC %md
# MAGIC ## Measure

# COMMAND ----------

for name, of in (("before", run), ("after", reranked)):
    print(name, rankspark.evaluate(of, qrels, ["ndcg@10", "mrr@10", "recall@100"]))

# COMMAND ----------

# MAGIC %md
# MAGIC ## Who won, who lost
# MAGIC The fifty queries that moved most.

# COMMAND ----------

before = rankspark.evaluate_queries(run, qrels, ["ndcg@10"]).withColumnRenamed("ndcg@10", "before")
after = rankspark.evaluate_queries(reranked, qrels, ["ndcg@10"]).withColumnRenamed("ndcg@10", "after")
moved = before.join(after, "qid").withColumn("gain", F.col("after") - F.col("before")).orderBy(F.desc(F.abs("gain")), "qid")
rows = sorted(moved.limit(50).collect(), key=lambda row: row["gain"])

figure, axes = plt.subplots(figsize=(9, 1 + 0.28 * len(rows)))
for y, row in enumerate(rows):
    axes.plot([row["before"], row["after"]], [y, y], color="tab:green" if row["gain"] >= 0 else "tab:red", linewidth=2)
axes.scatter([row["before"] for row in rows], range(len(rows)), color="white", edgecolor="black", zorder=3, label="before")
axes.scatter([row["after"] for row in rows], range(len(rows)), color="black", zorder=4, label="after")
axes.set_yticks(range(len(rows)), [f"query {row['qid']}" for row in rows])
axes.set_xlim(-0.02, 1.02)
axes.set_ylim(-0.7, len(rows) - 0.3)
axes.set_xlabel("nDCG@10")
axes.set_title("Queries before and after reranking")
axes.grid(axis="x", alpha=0.3)
axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncol=2, frameon=False)
figure.tight_layout()
if setting("plot"):
    figure.savefig(setting("plot"), dpi=120)
plt.show()
