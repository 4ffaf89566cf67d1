"""Tables in, tables and numbers out; by SQL functions, so that it is the same over Spark Connect."""
from __future__ import annotations

import re
import uuid
import warnings
from typing import TYPE_CHECKING, Any, Dict, Optional, Sequence

from rankspark.session import RankSparkError, is_connect, model, refused, register

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_MEASURES = {"ndcg": True, "recall": True, "mrr": None, "map": False}


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def rerank(
    df: "DataFrame",
    model_name_or_path: str,
    *,
    query_col: str = "query",
    passage_col: str = "passage",
    title_col: Optional[str] = None,
    output_col: str = "score",
    query_prefix: str = "",
    passage_prefix: str = "",
    rerank_max_len: Optional[int] = None,
    **options: Any,
) -> "DataFrame":
    """Scores pairs: the same rows, each with a float behind its own columns, null where the query or the passage is.

    Args:
        df: rows with a query and a passage, both strings; or with an array of passages, which gets an array of scores.
        model_name_or_path: the directory of a reranker, or its name at the hub.
        query_col: column of the queries.
        passage_col: column of the passages.
        title_col: column of the passages' titles, of the passages' type.
        output_col: column of the scores, which the table must not have.
        query_prefix: put before queries, such as ``"query: "``.
        passage_prefix: put before passages, such as ``"document: "``.
        rerank_max_len: tokens at which a text is cut; ``None`` for 512, or as many as a published prompt has.
        **options: other options of the command line with ``_``: ``dtype``, ``device``, ``lora_name_or_path``, ``max_batch_tokens``,
            ``partitions``, ...

    Returns:
        The rows with their scores, in no order. It is lazy: the model's files are checked at once, nothing is computed.

    Raises:
        RankSparkError: if a column is missing or of another type, an option is wrong, or over Spark Connect the server has not the
            functions.
    """
    spark = df.sparkSession
    register(spark)
    types = dict(df.dtypes)
    for column in filter(None, (query_col, passage_col, title_col)):
        if column not in types:
            raise RankSparkError(f'the table has no column "{column}", its columns are: {df.dtypes}')
    ambient = spark.conf.get("spark.rankspark.modelNameOrPath", None)
    if ambient is not None:
        warnings.warn(
            f"the arguments of rerank win: of the session's settings spark.rankspark.*, which have the model {ambient}, none is used",
            stacklevel=2)
    if output_col in types:
        raise RankSparkError(f'the table has a column "{output_col}" already, where the scores would go')
    name = "py_" + uuid.uuid4().hex[:12]
    settings: Dict[str, Any] = {
        "model_name_or_path": model_name_or_path,
        "query_prefix": query_prefix,
        "passage_prefix": passage_prefix,
        **({} if rerank_max_len is None else {"rerank_max_len": rerank_max_len}),
        **options,
    }
    model(spark, name, {_camel(option): value for option, value in settings.items()})
    is_of_groups = types[passage_col].startswith("array")
    title = _quoted(title_col) if title_col else "NULL"
    function = "rerank_scores" if is_of_groups else "rerank_score"
    call = f"{function}({_quoted(query_col)}, {_quoted(passage_col)}, {title}, '{name}') AS {_quoted(output_col)}"
    try:
        scored = df.selectExpr("*", call)
        if is_connect(spark):
            scored.schema  # asks the server, which opens the model
        return scored
    except Exception as error:
        raise refused(error) or error from None


def _camel(option: str) -> str:
    """An option's name among the session's settings.

    >>> _camel("model_name_or_path")
    'modelNameOrPath'
    """
    first, *others = option.split("_")
    return first + "".join(word.capitalize() for word in others)


def evaluate(run_df: "DataFrame", qrels_df: "DataFrame", measures: Sequence[str] = ("ndcg@10", "mrr@10", "map")) -> Dict[str, float]:
    """Measures a run as trec_eval does, with ``-c``: a query of the judgements that the run lacks counts 0.

    Args:
        run_df: rows of ``qid``, ``docid`` and ``score``.
        qrels_df: rows of ``qid``, ``docid`` and ``grade``, a whole number.
        measures: ``ndcg@K``, ``recall@K``, ``mrr@K``, ``mrr``, ``map``.

    Returns:
        The mean of each measure over the queries of the judgements.

    Raises:
        RankSparkError: for an unknown measure or a missing column.
    """
    from pyspark.sql import functions as F

    means = [F.avg(_quoted(measure)) for measure in measures]
    row = evaluate_queries(run_df, qrels_df, measures).agg(*means).head()
    return {measure: row[i] for i, measure in enumerate(measures)}


def evaluate_queries(
    run_df: "DataFrame", qrels_df: "DataFrame", measures: Sequence[str] = ("ndcg@10", "mrr@10", "map")
) -> "DataFrame":
    """Measures each query of a run, as trec_eval does with ``-c -q``.

    Args:
        run_df: rows of ``qid``, ``docid`` and ``score``.
        qrels_df: rows of ``qid``, ``docid`` and ``grade``, a whole number.
        measures: ``ndcg@K``, ``recall@K``, ``mrr@K``, ``mrr``, ``map``.

    Returns:
        A row for each query of the judgements: ``qid``, and a double in a column of each measure's name.

    Raises:
        RankSparkError: for an unknown measure or a missing column.
    """
    from pyspark.sql import functions as F

    register(run_df.sparkSession)
    calls = {measure: _call(measure) for measure in measures}
    for table, columns in ((run_df, ("qid", "docid", "score")), (qrels_df, ("qid", "docid", "grade"))):
        for column in columns:
            if column not in table.columns:
                raise RankSparkError(f'the table has no column "{column}", its columns are: {table.dtypes}')
    judged = qrels_df.groupBy("qid").agg(F.collect_list(F.col("grade").cast("int")).alias("judged"))
    # trec_eval's order: the score as a C float, then the docid, both descending
    ranked = (run_df.join(qrels_df.select("qid", "docid", "grade"), ["qid", "docid"], "left")
              .groupBy("qid")
              .agg(F.expr("transform(sort_array(collect_list(struct(CAST(score AS FLOAT) AS score, docid, CAST(grade AS INT) AS grade)),"
                          " false), pair -> pair.grade)").alias("grades")))
    values = [F.expr(f"coalesce({call}, 0D)").alias(measure) for measure, call in calls.items()]
    return judged.join(ranked, ["qid"], "left").select("qid", *values)


def _call(measure: str) -> str:
    """The SQL function of a measure, over the grades of a run and of all judgements.

    >>> _call("ndcg@10"), _call("mrr"), _call("map")
    ('ndcg(grades, 10, judged)', 'mrr(grades)', 'average_precision(grades, judged)')
    """
    found = re.fullmatch(r"(ndcg|recall|mrr|map)(?:@([1-9]\d{0,8}))?", measure)
    needs_k = _MEASURES.get(found.group(1)) if found else None
    if not found or (needs_k is True and not found.group(2)) or (needs_k is False and found.group(2)):
        raise RankSparkError(f'measures: expected ndcg@K, recall@K, mrr@K, mrr or map, got "{measure}"')
    name, k = found.groups()
    if name == "map":
        return "average_precision(grades, judged)"
    if name == "mrr":
        return f"mrr(grades, {k})" if k else "mrr(grades)"
    return f"{name}(grades, {k}, judged)"
