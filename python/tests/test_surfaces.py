"""The package against the reference's scores, in a session with a JVM or, with RANKSPARK_REMOTE, over Spark Connect.

    RANKSPARK_JAR=.../rankspark.jar python -m unittest discover -s python/tests
"""
import doctest
import os
import pathlib
import tempfile
import unittest

from pyspark.sql import SparkSession

import rankspark
from rankspark import commands
from rankspark.session import is_connect

REFERENCE = pathlib.Path(__file__).resolve().parents[2] / "reference"
PROMPT = {"query_prefix": "query: ", "passage_prefix": "document: ", "rerank_max_len": 196}
REMOTE = os.environ.get("RANKSPARK_REMOTE")


def session():
    if REMOTE:
        return SparkSession.builder.remote(REMOTE).getOrCreate()
    return (SparkSession.builder.master("local[2]")
            .config("spark.jars", os.environ["RANKSPARK_JAR"])
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "3")
            .getOrCreate())


class SurfacesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.spark = session()
        cls.pairs = (cls.spark.read.json(str(REFERENCE / "expected/rerank_input.jsonl"))
                     .selectExpr("query_id AS qid", "docid", "query", "title", "text AS passage"))
        cls.expected = {}
        for line in (REFERENCE / "expected/adapter.txt").read_text(encoding="utf-8").splitlines():
            qid, docid, score = line.split()
            cls.expected[qid, docid] = float(score)

    @classmethod
    def tearDownClass(cls):
        cls.spark.stop()

    def rerank(self, df, **options):
        return rankspark.rerank(df, str(REFERENCE / "adapter"), title_col="title", dtype="float32", partitions=4, **PROMPT, **options)

    def assert_scores(self, rows):
        self.assertEqual(len(rows), self.pairs.count())
        for row in rows:
            self.assertAlmostEqual(row["score"], self.expected[row["qid"], row["docid"]], delta=1e-4)

    def test_rows_of_pairs_have_the_references_scores(self):
        self.assert_scores(self.rerank(self.pairs).collect())

    def test_a_run_is_measured_as_trec_eval_does(self):
        qrels = self.spark.createDataFrame(
            [("1", "a", 2), ("1", "b", 0), ("1", "c", 1), ("2", "a", 1)], "qid string, docid string, grade int")
        run = self.spark.createDataFrame(
            [("1", "b", 3.0), ("1", "a", 2.0), ("1", "c", 2.0)], "qid string, docid string, score double")
        found = rankspark.evaluate(run, qrels, ["mrr", "mrr@1", "map", "recall@2", "ndcg@10"])
        # ties go by docid, descending: b, c, a; query 2 has no results
        self.assertAlmostEqual(found["mrr"], 0.25)
        self.assertAlmostEqual(found["mrr@1"], 0)
        self.assertAlmostEqual(found["map"], (1 / 2 + 2 / 3) / 2 / 2)
        self.assertAlmostEqual(found["recall@2"], 0.25)
        self.assertAlmostEqual(found["ndcg@10"], (1 / 1.584962501 + 2 / 2) / (2 + 1 / 1.584962501) / 2, places=6)

    def test_what_is_wrong_is_one_line(self):
        wrong = {
            'the table has no column "passages"': lambda: self.rerank(self.pairs, passage_col="passages"),
            'the table has a column "qid" already': lambda: self.rerank(self.pairs, output_col="qid"),
            "rerankMaxLength is no setting of a reranker": lambda: self.rerank(self.pairs, rerank_max_length=1),
            "expected a string as query": lambda: self.rerank(self.pairs.selectExpr("1 AS query", "passage", "title")),
            'expected ndcg@K, recall@K, mrr@K, mrr or map, got "ndcg"': lambda: rankspark.evaluate(self.pairs, self.pairs, ["ndcg"]),
        }
        for said, call in wrong.items():
            with self.subTest(said), self.assertRaises(Exception) as raised:
                call()
            self.assertIn(said, str(raised.exception))

    def test_stages_score_and_are_saved(self):
        if is_connect(self.spark):
            with self.assertRaisesRegex(rankspark.RankSparkError, "Spark Connect does not reach"):
                commands.run("evaluate")
            return
        from pyspark.ml import Pipeline, PipelineModel

        from rankspark.ml import RankedListEvaluator, RankLlamaReranker

        reranker = RankLlamaReranker(
            modelUrl=str(REFERENCE / "adapter"), queryPrefix="query: ", passagePrefix="document: ", rerankMaxLen=196, dtype="float32",
            inputCols=["query", "passage", "title"], partitions=4)
        self.assertEqual(reranker.getOutputCol(), "score")
        self.assert_scores(reranker.transform(self.pairs).collect())
        with tempfile.TemporaryDirectory() as folder:
            Pipeline(stages=[reranker]).fit(self.pairs).write().save(folder + "/pipeline")
            again = PipelineModel.load(folder + "/pipeline")
            self.assertIsInstance(again.stages[0], RankLlamaReranker)
            self.assert_scores(again.transform(self.pairs).collect())
            reranker.save(folder + "/stage")
            self.assertEqual(RankLlamaReranker.load(folder + "/stage").getRerankMaxLen(), 196)
        lists = self.spark.sql("SELECT array(0.1f, 0.9f) AS score, array(1, 0) AS grade")
        self.assertAlmostEqual(RankedListEvaluator(metricName="mrr").evaluate(lists), 0.5)

    def test_commands_are_functions(self):
        if is_connect(self.spark):
            return
        qrels, run = str(REFERENCE / "data/qrels.txt"), str(REFERENCE / "data/run.trec")
        self.assertIn("ndcg_cut_10", commands.evaluate("-m", "ndcg_cut.10", qrels, run))
        with self.assertRaisesRegex(rankspark.RankSparkError, "nowhere"):
            commands.evaluate("nowhere", run)


def load_tests(loader, tests, ignore):
    tests.addTests(doctest.DocTestSuite(commands))
    return tests


if __name__ == "__main__":
    unittest.main()
