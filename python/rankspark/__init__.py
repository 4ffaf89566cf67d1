"""RankSpark from PySpark: score tables of pairs with LLM cross encoders, and measure runs.

The jar of RankSpark has to be on the class path of the session: ``spark.jars`` or a library of the cluster. Over Spark Connect
there is no JVM here; the server's administrator sets ``spark.sql.extensions`` (see :func:`rankspark.rerank`).
"""
from rankspark.session import RankSparkError, model, register
from rankspark.tables import evaluate, evaluate_queries, rerank

__all__ = ["RankSparkError", "evaluate", "evaluate_queries", "model", "register", "rerank"]
__version__ = "0.1.0"
