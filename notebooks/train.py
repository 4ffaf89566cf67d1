# Databricks notebook source
# MAGIC %md
# MAGIC # Train a cross encoder and watch its loss
# MAGIC Groups of a query, positive and negative passages in, a LoRA adapter out, trained by a stage of spark.ml.
# MAGIC
# MAGIC **Compute**: dedicated access, Spark 3.5 or 4, autoscaling off: a worker takes the cores of an executor, or its GPU, for the whole
# MAGIC training. Standard compute and serverless have neither a GPU nor a JVM for Python. **Libraries**: `rankspark.jar` on the cluster, and
# MAGIC the Python package: `%pip install /Workspace/Repos/you/rankspark/python`.
# MAGIC
# MAGIC Every path may be a volume's, `dbfs:/`, `s3a://`, `abfss://` or a local one, as long as all executors can read it.

# COMMAND ----------

import os

import matplotlib.pyplot as plt
from pyspark.sql import SparkSession

from rankspark.ml import RankedListEvaluator, RankLlamaTrainer

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
# MAGIC ## Groups
# MAGIC Tevatron's training format here; any table with a query, an array of positive and one of negative passages will do. A group that
# MAGIC is to be measured has all its passages in one array, and their grades in another.

# COMMAND ----------

passage = "array<struct<docid: string, title: string, text: string>>"
items = spark.read.json(
    setting("dataset"), schema=f"query_id string, query string, positive_passages {passage}, negative_passages {passage}")


def texts(column):
    return f"transform({column}, p -> trim(concat_ws(' ', p.title, p.text)))"


groups = (items.selectExpr("query", f"{texts('positive_passages')} AS positives", f"{texts('negative_passages')} AS negatives")
          .selectExpr("*", "concat(positives, negatives) AS passages",
                      "concat(transform(positives, p -> 1), transform(negatives, p -> 0)) AS grade"))
print(f"{groups.count()} groups")

# COMMAND ----------

# MAGIC %md
# MAGIC ## Train
# MAGIC Each fit writes to a subfolder of `outputDir`. A lost executor costs the steps since the last checkpoint.

# COMMAND ----------

trainer = RankLlamaTrainer(
    modelUrl=setting("model", "mistralai/Mistral-7B-v0.1"),
    outputDir=setting("output"),
    lora=True,
    bf16=setting("bf16", "true") == "true",
    gradientCheckpointing=True,
    queryPrefix="query: ",
    passagePrefix="document: ",
    rerankMaxLen=196,
    trainGroupSize=int(setting("group_size", "16")),
    perDeviceTrainBatchSize=2,
    learningRate=float(setting("learning_rate", "1e-4")),
    numTrainEpochs=float(setting("epochs", "1")),
    loggingSteps=1.0,
    workers=int(setting("workers", "1")),
)
model = trainer.fit(groups)
print(f"the adapter is in {model.getModelUrl()}")

# COMMAND ----------

# MAGIC %md
# MAGIC ## The loss, step by step

# COMMAND ----------

log = spark.read.json(f"{model.getModelUrl()}/trainer_log.jsonl").where("loss IS NOT NULL").orderBy("step").collect()
steps, losses = [row["step"] for row in log], [row["loss"] for row in log]
window = max(1, len(losses) // 10)
means = [sum(losses[max(0, i + 1 - window):i + 1]) / len(losses[max(0, i + 1 - window):i + 1]) for i in range(len(losses))]

figure, axes = plt.subplots(figsize=(9, 4))
axes.plot(steps, losses, color="lightgray", label="of each step")
axes.plot(steps, means, color="tab:blue", label=f"mean of {window} steps")
axes.set_xlabel("step")
axes.set_ylabel("loss")
axes.set_title("Training")
axes.grid(alpha=0.3)
axes.legend(frameon=False)
figure.tight_layout()
if setting("plot"):
    figure.savefig(setting("plot"), dpi=120)
plt.show()

# COMMAND ----------

# MAGIC %md
# MAGIC ## What it learnt
# MAGIC On the groups it was trained on, so that this says that it learns, not how well. Measure it on others before you use it.

# COMMAND ----------

measured = model.transform(groups)
for metric in ("mrr@10", "ndcg@10"):
    print(metric, RankedListEvaluator(metricName=metric).evaluate(measured))
