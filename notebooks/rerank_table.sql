-- Databricks notebook source
-- MAGIC %md
-- MAGIC # Rerank a table in SQL
-- MAGIC A table of candidates in, each with a cross encoder's score out, by the function `rerank_score`.
-- MAGIC
-- MAGIC **Compute**: dedicated access, Spark 3.5 or 4; GPUs where the model has billions of parameters. Standard compute and serverless take
-- MAGIC no extensions of Spark. **Libraries**: `rankspark.jar` on the cluster, by an init script that copies it to `/databricks/jars`: extensions
-- MAGIC are loaded before a cluster's libraries. In the cluster's Spark configuration:
-- MAGIC `spark.sql.extensions dev.rankspark.udfs.RankSparkExtensions`
-- MAGIC
-- MAGIC Set the widgets `model`, `dtype` (`auto`), `candidates`, `qrels` and `output` (Edit, Add widget). Elsewhere:
-- MAGIC `spark-sql --jars rankspark.jar --hivevar model=... --hivevar candidates=... -f rerank_table.sql`

-- COMMAND ----------

-- MAGIC %md
-- MAGIC ## The reranker

-- COMMAND ----------

SET spark.rankspark.modelNameOrPath = ${model};
SET spark.rankspark.queryPrefix = `query: `;
SET spark.rankspark.passagePrefix = `document: `;
SET spark.rankspark.rerankMaxLen = 196;
SET spark.rankspark.dtype = ${dtype};

-- COMMAND ----------

DESCRIBE FUNCTION EXTENDED rerank_score;

-- COMMAND ----------

-- MAGIC %md
-- MAGIC ## The candidates
-- MAGIC Any table with a query and a passage. This one is what `rankspark prepare` writes.

-- COMMAND ----------

CREATE OR REPLACE TEMPORARY VIEW candidates AS
SELECT query_id AS qid, docid, query, title, text AS passage, score AS first_score
FROM json.`${candidates}`;

CREATE OR REPLACE TEMPORARY VIEW qrels AS
SELECT words[0] AS qid, words[2] AS docid, CAST(words[3] AS INT) AS grade
FROM (SELECT split(trim(value), '\\s+') AS words FROM text.`${qrels}`);

-- COMMAND ----------

-- MAGIC %md
-- MAGIC ## Score, once
-- MAGIC The plan has `RerankPairs`: by batches, one model per executor and device.

-- COMMAND ----------

EXPLAIN SELECT qid, docid, rerank_score(query, passage, title) AS score FROM candidates;

-- COMMAND ----------

INSERT OVERWRITE DIRECTORY '${output}' USING parquet
SELECT qid, docid, rerank_score(query, passage, title) AS score, first_score FROM candidates;

-- COMMAND ----------

CREATE OR REPLACE TEMPORARY VIEW reranked AS SELECT * FROM parquet.`${output}`;

SELECT qid, docid, score, row_number() OVER (PARTITION BY qid ORDER BY score DESC, docid DESC) AS rank
FROM reranked
ORDER BY qid, rank
LIMIT 10;

-- COMMAND ----------

-- MAGIC %md
-- MAGIC ## nDCG@10 before and after

-- COMMAND ----------

WITH judged AS (
  SELECT qid, collect_list(grade) AS judged FROM qrels GROUP BY qid
),
ranked AS (
  SELECT qid,
    transform(sort_array(collect_list(struct(first_score, docid, grade)), false), pair -> pair.grade) AS before,
    transform(sort_array(collect_list(struct(score, docid, grade)), false), pair -> pair.grade) AS after
  FROM reranked LEFT JOIN qrels USING (qid, docid)
  GROUP BY qid
)
SELECT
  round(avg(coalesce(ndcg(before, 10, judged), 0)), 4) AS before,
  round(avg(coalesce(ndcg(after, 10, judged), 0)), 4) AS after
FROM judged LEFT JOIN ranked USING (qid);
