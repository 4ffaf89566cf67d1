"""The session's side: its JVM where there is one, its SQL functions where there is none."""
from __future__ import annotations

import re
from typing import Any, Mapping, Optional

EXTENSIONS = "dev.rankspark.udfs.RankSparkExtensions"


class RankSparkError(RuntimeError):
    """What RankSpark says went wrong, in one line."""


def is_connect(spark: Any) -> bool:
    """Whether a session is one of Spark Connect, which has no JVM here."""
    return type(spark).__module__.startswith("pyspark.sql.connect")


def jvm(spark: Any) -> Any:
    """The JVM of a session.

    Raises:
        RankSparkError: over Spark Connect, and where RankSpark's jar is not on the session's class path.
    """
    if is_connect(spark):
        raise RankSparkError(
            "this needs Spark's JVM, which a session of Spark Connect does not reach (Databricks' standard compute and serverless "
            "are such): attach to compute with dedicated access, or use rankspark.rerank and rankspark.evaluate, whose SQL functions "
            f"the server serves where its administrator sets spark.sql.extensions={EXTENSIONS}")
    found = spark._jvm
    try:
        found.java.lang.Thread.currentThread().getContextClassLoader().loadClass(EXTENSIONS)
    except Exception as error:
        if "ClassNotFoundException" not in str(error):
            raise
        raise RankSparkError(
            "RankSpark's jar is not on the session's class path: start it with spark.jars=rankspark.jar, or add the jar as a library "
            "of the cluster") from None
    return found


def call(function: Any, *arguments: Any) -> Any:
    """Calls the JVM; what RankSpark refuses is one line.

    Raises:
        RankSparkError: with RankSpark's own words.
    """
    from py4j.protocol import Py4JJavaError

    try:
        return function(*arguments)
    except Py4JJavaError as error:
        raise refused(error) or error from None


def refused(error: Exception) -> Optional[RankSparkError]:
    """RankSpark's own words in an error of Java or of Spark, if they are there."""
    found = re.search(r"dev\.rankspark\.(?:Input|Option|Device)Exception: (.+)", str(error))
    return RankSparkError(found.group(1).strip()) if found else None


def register(spark: Any) -> None:
    """Adds the SQL functions ``rerank_score``, ``rerank_scores``, ``ndcg``, ``mrr``, ``average_precision`` and ``recall``.

    Over Spark Connect nothing can be added: whether the server has them is looked up.

    Args:
        spark: a session, classic or of Spark Connect.

    Raises:
        RankSparkError: if the jar is missing, or the server has no such functions.
    """
    if is_connect(spark):
        if not spark.catalog.functionExists("rerank_score"):
            raise RankSparkError(
                "this Spark Connect server has no function rerank_score: its administrator adds rankspark.jar to spark.jars and sets "
                f"spark.sql.extensions={EXTENSIONS} when the server starts")
        return
    call(jvm(spark).dev.rankspark.udfs.RankSpark.register, spark._jsparkSession)


def model(spark: Any, name: str, options: Mapping[str, Any]) -> None:
    """Describes a reranker by a name, for the last argument of the SQL functions.

    Args:
        spark: a session, classic or of Spark Connect.
        name: letters, digits and ``_``.
        options: as the command line has them, in camel case: ``modelNameOrPath``, ``queryPrefix``, ``rerankMaxLen``, ...

    Raises:
        RankSparkError: if an option is none, or the model's files are wrong; over Spark Connect, the first query says so.
    """
    texts = {option: text(value) for option, value in options.items()}
    if is_connect(spark):
        for option, value in texts.items():
            spark.conf.set(f"spark.rankspark.{name}.{option}", value)
        return
    java = jvm(spark)
    settings = java.java.util.HashMap()
    for option, value in texts.items():
        settings.put(option, value)
    call(java.dev.rankspark.udfs.RankSpark.model, spark._jsparkSession, name, settings)


def text(value: Any) -> str:
    """A value as the JVM reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
