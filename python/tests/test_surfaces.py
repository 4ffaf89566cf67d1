"""The package against the reference's scores, in a session with a JVM or, with RANKSPARK_REMOTE, over Spark Connect.

    RANKSPARK_JAR=.../rankspark.jar python -m unittest discover -s python/tests

RANKSPARK_RUN may name what the command line made of the same pairs, RANKSPARK_SCORES a file to write scores to.
"""
import doctest
import math
import os
import pathlib
import tempfile
import unittest

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

import rankspark
from rankspark import commands, tables
from rankspark.session import is_connect

REFERENCE = pathlib.Path(__file__).resolve().parents[2] / "reference"
PROMPT = {"query_prefix": "query: ", "passage_prefix": "document: ", "rerank_max_len": 196}
REMOTE = os.environ.get("RANKSPARK_REMOTE")
INVARIANCE = 2e-5  # between a float32 score of one batch and of another


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
        cls.expected = cls.read(REFERENCE / "expected/adapter.txt")

    @staticmethod
    def read(run):
        """The scores of a run's file by qid and docid."""
        lines = map(str.split, pathlib.Path(run).read_text(encoding="utf-8").splitlines())
        return {(qid, docid): float(score) for qid, docid, score in lines}

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

    def test_sql_stages_and_the_command_line_give_the_same(self):
        rows = {(row["qid"], row["docid"]): row["score"] for row in self.rerank(self.pairs).collect()}
        self.pairs.createOrReplaceTempView("candidates")
        settings = {"modelNameOrPath": REFERENCE / "adapter", "queryPrefix": "query: ", "passagePrefix": "document: ", "rerankMaxLen": 196,
                    "dtype": "float32", "partitions": 4}
        for option, value in settings.items():
            self.spark.conf.set(f"spark.rankspark.{option}", str(value))
        by_sql = self.spark.sql("SELECT qid, docid, rerank_score(query, passage, title) AS score FROM candidates").collect()
        for option in settings:
            self.spark.conf.unset(f"spark.rankspark.{option}")
        self.assertEqual({(row["qid"], row["docid"]): row["score"] for row in by_sql}, rows)  # to the bit: the plan is the same
        if not is_connect(self.spark):
            by_stage = self.stage().transform(self.pairs).collect()
            self.assertEqual({(row["qid"], row["docid"]): row["score"] for row in by_stage}, rows)
        if "RANKSPARK_RUN" in os.environ:
            run = self.read(os.environ["RANKSPARK_RUN"])
            self.assertEqual(run.keys(), rows.keys())
            for pair, score in run.items():
                self.assertAlmostEqual(rows[pair], score, delta=INVARIANCE)
        if "RANKSPARK_SCORES" in os.environ:
            text = "".join(f"{qid}\t{docid}\t{score!r}\n" for (qid, docid), score in sorted(rows.items()))
            pathlib.Path(os.environ["RANKSPARK_SCORES"]).write_text(text, encoding="utf-8")

    def test_arguments_win_over_the_sessions_settings(self):
        self.spark.conf.set("spark.rankspark.modelNameOrPath", "nowhere")
        with self.assertWarnsRegex(UserWarning, "the arguments of rerank win"):
            self.assert_scores(self.rerank(self.pairs).collect())
        self.spark.conf.unset("spark.rankspark.modelNameOrPath")

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
        queries = rankspark.evaluate_queries(run, qrels, ["mrr", "recall@2"]).orderBy("qid").collect()
        self.assertEqual([tuple(row) for row in queries], [("1", 0.5, 0.5), ("2", 0.0, 0.0)])

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

    @staticmethod
    def stage():
        from rankspark.ml import RankLlamaReranker

        return RankLlamaReranker(
            modelUrl=str(REFERENCE / "adapter"), queryPrefix="query: ", passagePrefix="document: ", rerankMaxLen=196, dtype="float32",
            inputCols=["query", "passage", "title"], partitions=4)

    def test_stages_score_and_are_saved(self):
        if is_connect(self.spark):
            with self.assertRaisesRegex(rankspark.RankSparkError, "Spark Connect does not reach"):
                commands.run("evaluate")
            return
        from pyspark.ml import Pipeline, PipelineModel

        from rankspark.ml import RankedListEvaluator, RankLlamaReranker

        reranker = self.stage()
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

    def test_a_published_prompt_has_its_own_length(self):
        words = {"prompt": "qwen3-reranker", "true_token": "a", "false_token": "the", "dtype": "float32", "title_col": "title"}
        long = self.pairs.withColumn("passage", F.repeat("passage", 30)).orderBy("qid", "docid").limit(3)

        def scores(**more):
            rows = rankspark.rerank(long, str(REFERENCE / "base"), **words, **more).collect()
            return {(row["qid"], row["docid"]): row["score"] for row in rows}

        own = scores()
        self.assertEqual(own, scores(rerank_max_len=2048))
        self.assertNotEqual(own, scores(rerank_max_len=512))
        self.assertNotEqual(own, scores(instruction="Be kind"))
        published = scores(score="published")
        for pair, raw in own.items():
            self.assertAlmostEqual(published[pair], 1 / (1 + math.exp(-raw)), places=5)
        if is_connect(self.spark):
            return
        from rankspark.ml import RankLlamaReranker

        stage = RankLlamaReranker(
            modelUrl=str(REFERENCE / "base"), prompt="qwen3-reranker", trueToken="a", falseToken="the", dtype="float32",
            inputCols=["query", "passage", "title"])
        self.assertEqual((stage.getRerankMaxLen(), stage.getScore(), stage.getInstruction(), stage.getFalseToken()), (None, "raw", None, "the"))
        for row in stage.transform(long).collect():
            self.assertAlmostEqual(row["score"], own[row["qid"], row["docid"]], delta=1e-4)

    def test_a_trained_model_is_not_its_base(self):
        if is_connect(self.spark):
            return
        from rankspark.ml import RankLlamaTrainer

        groups = self.pairs.groupBy("query").agg(F.collect_list("passage").alias("passages")).selectExpr(
            "query", "slice(passages, 1, 1) AS positives", "slice(passages, 2, 9) AS negatives", "passages")
        with tempfile.TemporaryDirectory() as folder:
            model = RankLlamaTrainer(
                modelUrl=str(REFERENCE / "base"), outputDir=folder, lora=True, trainGroupSize=2, maxSteps=1, rerankMaxLen=64,
                queryPrefix="query: ", device="cpu").fit(groups)
            self.assertRegex(model.getModelUrl(), f"^{folder}/fit-[-0-9a-f]+/model$")
            self.assertEqual((model.getQueryPrefix(), model.getRerankMaxLen(), model.getPassageCol()), ("query: ", 64, "passages"))
            self.assertEqual(model.transform(groups).where("size(score) <> size(passages)").count(), 0)

    def test_commands_are_functions(self):
        if is_connect(self.spark):
            return
        qrels, run = str(REFERENCE / "data/qrels.txt"), str(REFERENCE / "data/run.trec")
        self.assertIn("ndcg_cut_10", commands.evaluate("-m", "ndcg_cut.10", qrels, run))
        with self.assertRaisesRegex(rankspark.RankSparkError, "nowhere"):
            commands.evaluate("nowhere", run)


def load_tests(loader, tests, ignore):
    for module in (commands, tables):
        tests.addTests(doctest.DocTestSuite(module))
    return tests


if __name__ == "__main__":
    unittest.main()
