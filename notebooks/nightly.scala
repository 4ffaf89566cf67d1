// Databricks notebook source
// MAGIC %md
// MAGIC # Every night: score what is new
// MAGIC Tonight's table of candidates in, each with its score out. A score store keeps what other nights have computed, by the content of the
// MAGIC texts and of the model, so that a night costs what is new in it. `docs/nightly.md` has what it guarantees, and its upkeep.
// MAGIC
// MAGIC **Compute**: dedicated access, Spark 3.5 or 4; GPUs where the model has billions of parameters. Standard compute and serverless have
// MAGIC no GPU, and load no jar into Spark. **Libraries**: `rankspark.jar` on the cluster. Make it a job with a schedule, one run at a time.

// COMMAND ----------

// MAGIC %md
// MAGIC ## Where things are
// MAGIC Of the cluster's Spark configuration, or written here.

// COMMAND ----------

val model = spark.conf.get("spark.nightly.model", "/Volumes/main/search/models/rankllama")
val candidates = spark.table(spark.conf.get("spark.nightly.candidates", "main.search.candidates"))
val store = spark.conf.get("spark.nightly.store", "/Volumes/main/search/scores")
val output = spark.conf.get("spark.nightly.output", "main.search.reranked")

// COMMAND ----------

// MAGIC %md
// MAGIC ## The reranker, with its store
// MAGIC What decides a score is written out here, so that it is the same every night: also the dtype and the device.

// COMMAND ----------

import dev.rankspark.udfs.ml.RankLlamaReranker

val reranker = new RankLlamaReranker()
  .setModelUrl(model)
  .setQueryPrefix("query: ")
  .setPassagePrefix("document: ")
  .setRerankMaxLen(196)
  .setDtype(spark.conf.get("spark.nightly.dtype", "bfloat16"))
  .setDevice(spark.conf.get("spark.nightly.device", "cuda"))
  .setScoreStore(store)
  .setInputCols(Array("query", "passage", "title"))

// COMMAND ----------

// MAGIC %md
// MAGIC ## Tonight

// COMMAND ----------

import org.apache.hadoop.fs.Path

/** So many scores does the store have, by the files that its layout names. */
def stored(): Long = {
  val scores = new Path(store, "*/scores/*.parquet")
  val there = scores.getFileSystem(spark.sparkContext.hadoopConfiguration).globStatus(scores)
  if (there == null || there.isEmpty) 0 else spark.read.parquet(scores.toString).count()
}

val before = stored()
reranker.transform(candidates).write.mode("overwrite").saveAsTable(output)
val computed = stored() - before

// COMMAND ----------

// MAGIC %md
// MAGIC ## What came of it

// COMMAND ----------

val night = spark.table(output)
night.select("qid", "docid", "score").orderBy($"qid", $"score".desc).show(10, false)

// COMMAND ----------

println(s"pairs ${night.count()}; computed $computed; of other nights and equal texts ${night.count() - computed}")
