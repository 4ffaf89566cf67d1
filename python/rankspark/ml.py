"""The stages of spark.ml: a reranker, its training and an evaluator of ranked lists. They need a session with a JVM.

Each stage is one of RankSpark's jar; params have the same names, docs and defaults there.
"""
from __future__ import annotations

import sys
from typing import Any, Sequence

from pyspark.ml.evaluation import JavaEvaluator
from pyspark.ml.param import Param, Params, TypeConverters
from pyspark.ml.util import JavaMLReadable, JavaMLReader, JavaMLWritable
from pyspark.ml.wrapper import JavaEstimator, JavaModel
from pyspark.sql import SparkSession

from rankspark.session import jvm

_JAVA = "dev.rankspark.udfs.ml."


class _Reader(JavaMLReader):
    """Reads what either language wrote."""

    @classmethod
    def _java_loader_class(cls, clazz: Any) -> str:
        return _JAVA + clazz.__name__


class _Stage(JavaMLReadable, JavaMLWritable):
    """What the stages have in common: params by keyword."""

    def setParams(self, **params: Any) -> Any:
        """Sets params by their names."""
        return self._set(**params)

    @classmethod
    def read(cls) -> _Reader:
        """What reads a stage that was saved, from this language or from another."""
        return _Reader(cls)


def _made(stage: Any, java_stage: Any) -> Any:
    """The stage's own side in the JVM."""
    if java_stage is not None:
        return java_stage
    jvm(SparkSession.getActiveSession() or SparkSession.builder.getOrCreate())
    return stage._new_java_obj(_JAVA + type(stage).__name__, stage.uid)


class RankLlamaReranker(JavaModel, _Stage):
    """A reranker: rows with a query and a passage in, the same rows with a score out; or rows of groups, with an array of passages in
    and an array of scores out.

    Args:
        **params: ``modelUrl``, ``queryPrefix``, ``passagePrefix``, ``rerankMaxLen``, ``inputCols``, ``outputCol``, ...

    Raises:
        RankSparkError: over Spark Connect, and where RankSpark's jar is missing.
    """

    queryCol = Param(Params._dummy(), "queryCol", 'column of queries, strings', typeConverter=TypeConverters.toString)
    passageCol = Param(
        Params._dummy(), "passageCol",
        'column of passages: strings, or arrays of strings for groups',
        typeConverter=TypeConverters.toString)
    titleCol = Param(
        Params._dummy(), "titleCol",
        "column of the passages' titles, of the same type; or none",
        typeConverter=TypeConverters.toString)
    inputCols = Param(
        Params._dummy(), "inputCols",
        "the query's, the passage's and, if there, the title's column",
        typeConverter=TypeConverters.toListString)
    outputCol = Param(
        Params._dummy(), "outputCol",
        'column of the scores: a float, or an array of them',
        typeConverter=TypeConverters.toString)
    rankCol = Param(
        Params._dummy(), "rankCol",
        'column of the ranks within a query, from 1, by score; or none',
        typeConverter=TypeConverters.toString)
    modelUrl = Param(
        Params._dummy(), "modelUrl",
        'the reranker: a directory or a name at the hub, of a whole model or of an adapter that names its base',
        typeConverter=TypeConverters.toString)
    engine = Param(Params._dummy(), "engine", "DJL's engine: PyTorch", typeConverter=TypeConverters.toString)
    loraNameOrPath = Param(Params._dummy(), "loraNameOrPath", 'an adapter to merge; or none', typeConverter=TypeConverters.toString)
    baseModelNameOrPath = Param(
        Params._dummy(), "baseModelNameOrPath",
        'where the base of an adapter lies, if not where the adapter says',
        typeConverter=TypeConverters.toString)
    tokenizerName = Param(Params._dummy(), "tokenizerName", "the tokenizer, if not the model's own", typeConverter=TypeConverters.toString)
    queryPrefix = Param(Params._dummy(), "queryPrefix", 'put before queries, such as "query: "', typeConverter=TypeConverters.toString)
    passagePrefix = Param(
        Params._dummy(), "passagePrefix",
        'put before passages, such as "document: "',
        typeConverter=TypeConverters.toString)
    rerankMaxLen = Param(
        Params._dummy(), "rerankMaxLen",
        'tokens at which a text is cut; unset, 512, or as many as a published prompt has',
        typeConverter=TypeConverters.toInt)
    appendEosToken = Param(
        Params._dummy(), "appendEosToken",
        "end every pair with the tokenizer's </s>",
        typeConverter=TypeConverters.toBoolean)
    prompt = Param(
        Params._dummy(), "prompt",
        "the prompt: tevatron, or a publisher's: qwen3-reranker, mxbai-rerank-v2, zerank-1; unset, what the model's files or its name say",
        typeConverter=TypeConverters.toString)
    instruction = Param(
        Params._dummy(), "instruction",
        "in place of a published prompt's own instruction",
        typeConverter=TypeConverters.toString)
    trueToken = Param(
        Params._dummy(), "trueToken",
        'the word whose logit is the score, such as yes, of a model without a head',
        typeConverter=TypeConverters.toString)
    falseToken = Param(
        Params._dummy(), "falseToken",
        'the word whose logit is taken off, such as no; or none',
        typeConverter=TypeConverters.toString)
    score = Param(
        Params._dummy(), "score",
        "raw, or published: with the publisher's sigmoid and scaling",
        typeConverter=TypeConverters.toString)
    dtype = Param(Params._dummy(), "dtype", 'auto, float32, bfloat16, float16 or int8', typeConverter=TypeConverters.toString)
    device = Param(Params._dummy(), "device", 'auto, cpu, cuda or cuda:N', typeConverter=TypeConverters.toString)
    batchSize = Param(Params._dummy(), "batchSize", 'the most pairs in one batch', typeConverter=TypeConverters.toInt)
    maxBatchTokens = Param(Params._dummy(), "maxBatchTokens", 'the most tokens in one batch', typeConverter=TypeConverters.toInt)
    partitions = Param(Params._dummy(), "partitions", 'tasks to spread the pairs over', typeConverter=TypeConverters.toInt)
    scoreStore = Param(
        Params._dummy(), "scoreStore",
        'folder of a store that keeps scores of pairs; or none',
        typeConverter=TypeConverters.toString)

    def __init__(self, java_model: Any = None, **params: Any):
        super().__init__(None)
        self._java_obj = _made(self, java_model)
        if java_model is not None:
            self._resetUid(java_model.uid())
            self._transfer_params_from_java()
        else:
            self._transfer_params_from_java()
            self.setParams(**params)

    def setQueryCol(self, value: str) -> "RankLlamaReranker":
        """Sets ``queryCol``: column of queries, strings."""
        return self._set(queryCol=value)

    def getQueryCol(self) -> Any:
        """``queryCol``, or its default."""
        return self.getOrDefault(self.queryCol)

    def setPassageCol(self, value: str) -> "RankLlamaReranker":
        """Sets ``passageCol``: column of passages: strings, or arrays of strings for groups."""
        return self._set(passageCol=value)

    def getPassageCol(self) -> Any:
        """``passageCol``, or its default."""
        return self.getOrDefault(self.passageCol)

    def setTitleCol(self, value: str) -> "RankLlamaReranker":
        """Sets ``titleCol``: column of the passages' titles, of the same type; or none."""
        return self._set(titleCol=value)

    def getTitleCol(self) -> Any:
        """``titleCol``, or its default."""
        return self.getOrDefault(self.titleCol)

    def setInputCols(self, value: Sequence[str]) -> "RankLlamaReranker":
        """Sets ``inputCols``: the query's, the passage's and, if there, the title's column."""
        return self._set(inputCols=value)

    def getInputCols(self) -> Any:
        """``inputCols``, or its default."""
        return self.getOrDefault(self.inputCols)

    def setOutputCol(self, value: str) -> "RankLlamaReranker":
        """Sets ``outputCol``: column of the scores: a float, or an array of them."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> Any:
        """``outputCol``, or its default."""
        return self.getOrDefault(self.outputCol)

    def setRankCol(self, value: str) -> "RankLlamaReranker":
        """Sets ``rankCol``: column of the ranks within a query, from 1, by score; or none."""
        return self._set(rankCol=value)

    def getRankCol(self) -> Any:
        """``rankCol``, or its default."""
        return self.getOrDefault(self.rankCol)

    def setModelUrl(self, value: str) -> "RankLlamaReranker":
        """Sets ``modelUrl``: the reranker: a directory or a name at the hub, of a whole model or of an adapter that names its base."""
        return self._set(modelUrl=value)

    def getModelUrl(self) -> Any:
        """``modelUrl``, or its default."""
        return self.getOrDefault(self.modelUrl)

    def setEngine(self, value: str) -> "RankLlamaReranker":
        """Sets ``engine``: DJL's engine: PyTorch."""
        return self._set(engine=value)

    def getEngine(self) -> Any:
        """``engine``, or its default."""
        return self.getOrDefault(self.engine)

    def setLoraNameOrPath(self, value: str) -> "RankLlamaReranker":
        """Sets ``loraNameOrPath``: an adapter to merge; or none."""
        return self._set(loraNameOrPath=value)

    def getLoraNameOrPath(self) -> Any:
        """``loraNameOrPath``, or its default."""
        return self.getOrDefault(self.loraNameOrPath)

    def setBaseModelNameOrPath(self, value: str) -> "RankLlamaReranker":
        """Sets ``baseModelNameOrPath``: where the base of an adapter lies, if not where the adapter says."""
        return self._set(baseModelNameOrPath=value)

    def getBaseModelNameOrPath(self) -> Any:
        """``baseModelNameOrPath``, or its default."""
        return self.getOrDefault(self.baseModelNameOrPath)

    def setTokenizerName(self, value: str) -> "RankLlamaReranker":
        """Sets ``tokenizerName``: the tokenizer, if not the model's own."""
        return self._set(tokenizerName=value)

    def getTokenizerName(self) -> Any:
        """``tokenizerName``, or its default."""
        return self.getOrDefault(self.tokenizerName)

    def setQueryPrefix(self, value: str) -> "RankLlamaReranker":
        """Sets ``queryPrefix``: put before queries, such as "query: "."""
        return self._set(queryPrefix=value)

    def getQueryPrefix(self) -> Any:
        """``queryPrefix``, or its default."""
        return self.getOrDefault(self.queryPrefix)

    def setPassagePrefix(self, value: str) -> "RankLlamaReranker":
        """Sets ``passagePrefix``: put before passages, such as "document: "."""
        return self._set(passagePrefix=value)

    def getPassagePrefix(self) -> Any:
        """``passagePrefix``, or its default."""
        return self.getOrDefault(self.passagePrefix)

    def setRerankMaxLen(self, value: int) -> "RankLlamaReranker":
        """Sets ``rerankMaxLen``: tokens at which a text is cut; unset, 512, or as many as a published prompt has."""
        return self._set(rerankMaxLen=value)

    def getRerankMaxLen(self) -> Any:
        """``rerankMaxLen``, or ``None``."""
        return self.getOrDefault(self.rerankMaxLen) if self.isDefined(self.rerankMaxLen) else None

    def setAppendEosToken(self, value: bool) -> "RankLlamaReranker":
        """Sets ``appendEosToken``: end every pair with the tokenizer's </s>."""
        return self._set(appendEosToken=value)

    def getAppendEosToken(self) -> Any:
        """``appendEosToken``, or its default."""
        return self.getOrDefault(self.appendEosToken)

    def setPrompt(self, value: str) -> "RankLlamaReranker":
        """Sets ``prompt``: the prompt: tevatron, or a publisher's: qwen3-reranker, mxbai-rerank-v2, zerank-1; unset, what the model's files or its name say."""
        return self._set(prompt=value)

    def getPrompt(self) -> Any:
        """``prompt``, or ``None``."""
        return self.getOrDefault(self.prompt) if self.isDefined(self.prompt) else None

    def setInstruction(self, value: str) -> "RankLlamaReranker":
        """Sets ``instruction``: in place of a published prompt's own instruction."""
        return self._set(instruction=value)

    def getInstruction(self) -> Any:
        """``instruction``, or ``None``."""
        return self.getOrDefault(self.instruction) if self.isDefined(self.instruction) else None

    def setTrueToken(self, value: str) -> "RankLlamaReranker":
        """Sets ``trueToken``: the word whose logit is the score, such as yes, of a model without a head."""
        return self._set(trueToken=value)

    def getTrueToken(self) -> Any:
        """``trueToken``, or ``None``."""
        return self.getOrDefault(self.trueToken) if self.isDefined(self.trueToken) else None

    def setFalseToken(self, value: str) -> "RankLlamaReranker":
        """Sets ``falseToken``: the word whose logit is taken off, such as no; or none."""
        return self._set(falseToken=value)

    def getFalseToken(self) -> Any:
        """``falseToken``, or ``None``."""
        return self.getOrDefault(self.falseToken) if self.isDefined(self.falseToken) else None

    def setScore(self, value: str) -> "RankLlamaReranker":
        """Sets ``score``: raw, or published: with the publisher's sigmoid and scaling."""
        return self._set(score=value)

    def getScore(self) -> Any:
        """``score``, or its default."""
        return self.getOrDefault(self.score)

    def setDtype(self, value: str) -> "RankLlamaReranker":
        """Sets ``dtype``: auto, float32, bfloat16, float16 or int8."""
        return self._set(dtype=value)

    def getDtype(self) -> Any:
        """``dtype``, or its default."""
        return self.getOrDefault(self.dtype)

    def setDevice(self, value: str) -> "RankLlamaReranker":
        """Sets ``device``: auto, cpu, cuda or cuda:N."""
        return self._set(device=value)

    def getDevice(self) -> Any:
        """``device``, or its default."""
        return self.getOrDefault(self.device)

    def setBatchSize(self, value: int) -> "RankLlamaReranker":
        """Sets ``batchSize``: the most pairs in one batch."""
        return self._set(batchSize=value)

    def getBatchSize(self) -> Any:
        """``batchSize``, or its default."""
        return self.getOrDefault(self.batchSize)

    def setMaxBatchTokens(self, value: int) -> "RankLlamaReranker":
        """Sets ``maxBatchTokens``: the most tokens in one batch."""
        return self._set(maxBatchTokens=value)

    def getMaxBatchTokens(self) -> Any:
        """``maxBatchTokens``, or its default."""
        return self.getOrDefault(self.maxBatchTokens)

    def setPartitions(self, value: int) -> "RankLlamaReranker":
        """Sets ``partitions``: tasks to spread the pairs over."""
        return self._set(partitions=value)

    def getPartitions(self) -> Any:
        """``partitions``, or its default."""
        return self.getOrDefault(self.partitions)

    def setScoreStore(self, value: str) -> "RankLlamaReranker":
        """Sets ``scoreStore``: folder of a store that keeps scores of pairs; or none."""
        return self._set(scoreStore=value)

    def getScoreStore(self) -> Any:
        """``scoreStore``, or its default."""
        return self.getOrDefault(self.scoreStore)


class RankLlamaTrainer(JavaEstimator, _Stage):
    """Trains a reranker on rows of groups: a query, an array of positive passages and one of negative ones.

    Args:
        **params: ``modelUrl``, ``outputDir``, ``lora``, ``trainGroupSize``, ``learningRate``, ...

    Raises:
        RankSparkError: over Spark Connect, and where RankSpark's jar is missing.
    """

    queryCol = Param(Params._dummy(), "queryCol", 'column of queries, strings', typeConverter=TypeConverters.toString)
    positivesCol = Param(
        Params._dummy(), "positivesCol",
        'column of the positive passages, arrays of strings',
        typeConverter=TypeConverters.toString)
    negativesCol = Param(
        Params._dummy(), "negativesCol",
        'column of the negative passages, arrays of strings',
        typeConverter=TypeConverters.toString)
    passageCol = Param(
        Params._dummy(), "passageCol",
        "the model's: column of passages, strings or arrays of strings",
        typeConverter=TypeConverters.toString)
    outputCol = Param(Params._dummy(), "outputCol", "the model's: column of the scores", typeConverter=TypeConverters.toString)
    outputDir = Param(Params._dummy(), "outputDir", 'folder that gets a subfolder for each fit', typeConverter=TypeConverters.toString)
    modelUrl = Param(
        Params._dummy(), "modelUrl",
        'the base: a directory or a name at the hub, of a model with or without a head',
        typeConverter=TypeConverters.toString)
    tokenizerName = Param(Params._dummy(), "tokenizerName", "the tokenizer, if not the model's own", typeConverter=TypeConverters.toString)
    queryPrefix = Param(Params._dummy(), "queryPrefix", 'put before queries, such as "query: "', typeConverter=TypeConverters.toString)
    passagePrefix = Param(
        Params._dummy(), "passagePrefix",
        'put before passages, such as "document: "',
        typeConverter=TypeConverters.toString)
    rerankMaxLen = Param(Params._dummy(), "rerankMaxLen", 'tokens at which a text is cut', typeConverter=TypeConverters.toInt)
    appendEosToken = Param(
        Params._dummy(), "appendEosToken",
        "end every pair with the tokenizer's </s>",
        typeConverter=TypeConverters.toBoolean)
    lora = Param(Params._dummy(), "lora", 'train LoRA factors; otherwise every weight', typeConverter=TypeConverters.toBoolean)
    loraR = Param(Params._dummy(), "loraR", "LoRA's rank", typeConverter=TypeConverters.toInt)
    loraAlpha = Param(Params._dummy(), "loraAlpha", "LoRA's factors count alpha / r", typeConverter=TypeConverters.toFloat)
    loraDropout = Param(Params._dummy(), "loraDropout", "dropout of the factors' input", typeConverter=TypeConverters.toFloat)
    loraTargetModules = Param(
        Params._dummy(), "loraTargetModules",
        'the modules that get factors',
        typeConverter=TypeConverters.toListString)
    trainGroupSize = Param(
        Params._dummy(), "trainGroupSize",
        'passages of a group, the positive included',
        typeConverter=TypeConverters.toInt)
    perDeviceTrainBatchSize = Param(
        Params._dummy(), "perDeviceTrainBatchSize",
        "groups of a worker's batch",
        typeConverter=TypeConverters.toInt)
    gradientAccumulationSteps = Param(
        Params._dummy(), "gradientAccumulationSteps",
        'batches of a worker for an optimizer step',
        typeConverter=TypeConverters.toInt)
    numTrainEpochs = Param(
        Params._dummy(), "numTrainEpochs",
        'passes over the data, may be a fraction',
        typeConverter=TypeConverters.toFloat)
    maxSteps = Param(Params._dummy(), "maxSteps", 'optimizer steps, instead of numTrainEpochs', typeConverter=TypeConverters.toInt)
    learningRate = Param(Params._dummy(), "learningRate", 'the highest learning rate', typeConverter=TypeConverters.toFloat)
    lrSchedulerType = Param(
        Params._dummy(), "lrSchedulerType",
        'linear, cosine, constant or constant_with_warmup',
        typeConverter=TypeConverters.toString)
    warmupSteps = Param(
        Params._dummy(), "warmupSteps",
        'steps in which the rate rises, instead of warmupRatio',
        typeConverter=TypeConverters.toInt)
    warmupRatio = Param(Params._dummy(), "warmupRatio", 'part of all steps in which the rate rises', typeConverter=TypeConverters.toFloat)
    weightDecay = Param(Params._dummy(), "weightDecay", "AdamW's", typeConverter=TypeConverters.toFloat)
    maxGradNorm = Param(Params._dummy(), "maxGradNorm", 'scale gradients down to this norm; 0 never', typeConverter=TypeConverters.toFloat)
    bf16 = Param(Params._dummy(), "bf16", 'frozen weights and products in bfloat16', typeConverter=TypeConverters.toBoolean)
    device = Param(Params._dummy(), "device", 'auto, cpu, cuda or cuda:N', typeConverter=TypeConverters.toString)
    gradientCheckpointing = Param(
        Params._dummy(), "gradientCheckpointing",
        "less memory: compute a layer's inner states twice",
        typeConverter=TypeConverters.toBoolean)
    workers = Param(Params._dummy(), "workers", "tasks that share each step's groups", typeConverter=TypeConverters.toInt)
    saveSteps = Param(
        Params._dummy(), "saveSteps",
        'a checkpoint every so many steps; below 1, a part of all steps',
        typeConverter=TypeConverters.toFloat)
    loggingSteps = Param(
        Params._dummy(), "loggingSteps",
        'a line of the log every so many steps; below 1, a part of all steps',
        typeConverter=TypeConverters.toFloat)
    seed = Param(Params._dummy(), "seed", 'of the order, the passages, new weights and dropout', typeConverter=TypeConverters.toInt)

    def __init__(self, **params: Any):
        super().__init__()
        self._java_obj = _made(self, None)
        self._transfer_params_from_java()
        self.setParams(**params)

    def _fit(self, dataset: Any) -> RankLlamaReranker:
        # PySpark's own copies to the model what has the same name here: modelUrl would be the base, not what was trained
        return self._create_model(self._fit_java(dataset))

    def _create_model(self, java_model: Any) -> RankLlamaReranker:
        return RankLlamaReranker(java_model)

    def setQueryCol(self, value: str) -> "RankLlamaTrainer":
        """Sets ``queryCol``: column of queries, strings."""
        return self._set(queryCol=value)

    def getQueryCol(self) -> Any:
        """``queryCol``, or its default."""
        return self.getOrDefault(self.queryCol)

    def setPositivesCol(self, value: str) -> "RankLlamaTrainer":
        """Sets ``positivesCol``: column of the positive passages, arrays of strings."""
        return self._set(positivesCol=value)

    def getPositivesCol(self) -> Any:
        """``positivesCol``, or its default."""
        return self.getOrDefault(self.positivesCol)

    def setNegativesCol(self, value: str) -> "RankLlamaTrainer":
        """Sets ``negativesCol``: column of the negative passages, arrays of strings."""
        return self._set(negativesCol=value)

    def getNegativesCol(self) -> Any:
        """``negativesCol``, or its default."""
        return self.getOrDefault(self.negativesCol)

    def setPassageCol(self, value: str) -> "RankLlamaTrainer":
        """Sets ``passageCol``: the model's: column of passages, strings or arrays of strings."""
        return self._set(passageCol=value)

    def getPassageCol(self) -> Any:
        """``passageCol``, or its default."""
        return self.getOrDefault(self.passageCol)

    def setOutputCol(self, value: str) -> "RankLlamaTrainer":
        """Sets ``outputCol``: the model's: column of the scores."""
        return self._set(outputCol=value)

    def getOutputCol(self) -> Any:
        """``outputCol``, or its default."""
        return self.getOrDefault(self.outputCol)

    def setOutputDir(self, value: str) -> "RankLlamaTrainer":
        """Sets ``outputDir``: folder that gets a subfolder for each fit."""
        return self._set(outputDir=value)

    def getOutputDir(self) -> Any:
        """``outputDir``, or its default."""
        return self.getOrDefault(self.outputDir)

    def setModelUrl(self, value: str) -> "RankLlamaTrainer":
        """Sets ``modelUrl``: the base: a directory or a name at the hub, of a model with or without a head."""
        return self._set(modelUrl=value)

    def getModelUrl(self) -> Any:
        """``modelUrl``, or its default."""
        return self.getOrDefault(self.modelUrl)

    def setTokenizerName(self, value: str) -> "RankLlamaTrainer":
        """Sets ``tokenizerName``: the tokenizer, if not the model's own."""
        return self._set(tokenizerName=value)

    def getTokenizerName(self) -> Any:
        """``tokenizerName``, or its default."""
        return self.getOrDefault(self.tokenizerName)

    def setQueryPrefix(self, value: str) -> "RankLlamaTrainer":
        """Sets ``queryPrefix``: put before queries, such as "query: "."""
        return self._set(queryPrefix=value)

    def getQueryPrefix(self) -> Any:
        """``queryPrefix``, or its default."""
        return self.getOrDefault(self.queryPrefix)

    def setPassagePrefix(self, value: str) -> "RankLlamaTrainer":
        """Sets ``passagePrefix``: put before passages, such as "document: "."""
        return self._set(passagePrefix=value)

    def getPassagePrefix(self) -> Any:
        """``passagePrefix``, or its default."""
        return self.getOrDefault(self.passagePrefix)

    def setRerankMaxLen(self, value: int) -> "RankLlamaTrainer":
        """Sets ``rerankMaxLen``: tokens at which a text is cut."""
        return self._set(rerankMaxLen=value)

    def getRerankMaxLen(self) -> Any:
        """``rerankMaxLen``, or its default."""
        return self.getOrDefault(self.rerankMaxLen)

    def setAppendEosToken(self, value: bool) -> "RankLlamaTrainer":
        """Sets ``appendEosToken``: end every pair with the tokenizer's </s>."""
        return self._set(appendEosToken=value)

    def getAppendEosToken(self) -> Any:
        """``appendEosToken``, or its default."""
        return self.getOrDefault(self.appendEosToken)

    def setLora(self, value: bool) -> "RankLlamaTrainer":
        """Sets ``lora``: train LoRA factors; otherwise every weight."""
        return self._set(lora=value)

    def getLora(self) -> Any:
        """``lora``, or its default."""
        return self.getOrDefault(self.lora)

    def setLoraR(self, value: int) -> "RankLlamaTrainer":
        """Sets ``loraR``: LoRA's rank."""
        return self._set(loraR=value)

    def getLoraR(self) -> Any:
        """``loraR``, or its default."""
        return self.getOrDefault(self.loraR)

    def setLoraAlpha(self, value: float) -> "RankLlamaTrainer":
        """Sets ``loraAlpha``: LoRA's factors count alpha / r."""
        return self._set(loraAlpha=value)

    def getLoraAlpha(self) -> Any:
        """``loraAlpha``, or its default."""
        return self.getOrDefault(self.loraAlpha)

    def setLoraDropout(self, value: float) -> "RankLlamaTrainer":
        """Sets ``loraDropout``: dropout of the factors' input."""
        return self._set(loraDropout=value)

    def getLoraDropout(self) -> Any:
        """``loraDropout``, or its default."""
        return self.getOrDefault(self.loraDropout)

    def setLoraTargetModules(self, value: Sequence[str]) -> "RankLlamaTrainer":
        """Sets ``loraTargetModules``: the modules that get factors."""
        return self._set(loraTargetModules=value)

    def getLoraTargetModules(self) -> Any:
        """``loraTargetModules``, or its default."""
        return self.getOrDefault(self.loraTargetModules)

    def setTrainGroupSize(self, value: int) -> "RankLlamaTrainer":
        """Sets ``trainGroupSize``: passages of a group, the positive included."""
        return self._set(trainGroupSize=value)

    def getTrainGroupSize(self) -> Any:
        """``trainGroupSize``, or its default."""
        return self.getOrDefault(self.trainGroupSize)

    def setPerDeviceTrainBatchSize(self, value: int) -> "RankLlamaTrainer":
        """Sets ``perDeviceTrainBatchSize``: groups of a worker's batch."""
        return self._set(perDeviceTrainBatchSize=value)

    def getPerDeviceTrainBatchSize(self) -> Any:
        """``perDeviceTrainBatchSize``, or its default."""
        return self.getOrDefault(self.perDeviceTrainBatchSize)

    def setGradientAccumulationSteps(self, value: int) -> "RankLlamaTrainer":
        """Sets ``gradientAccumulationSteps``: batches of a worker for an optimizer step."""
        return self._set(gradientAccumulationSteps=value)

    def getGradientAccumulationSteps(self) -> Any:
        """``gradientAccumulationSteps``, or its default."""
        return self.getOrDefault(self.gradientAccumulationSteps)

    def setNumTrainEpochs(self, value: float) -> "RankLlamaTrainer":
        """Sets ``numTrainEpochs``: passes over the data, may be a fraction."""
        return self._set(numTrainEpochs=value)

    def getNumTrainEpochs(self) -> Any:
        """``numTrainEpochs``, or its default."""
        return self.getOrDefault(self.numTrainEpochs)

    def setMaxSteps(self, value: int) -> "RankLlamaTrainer":
        """Sets ``maxSteps``: optimizer steps, instead of numTrainEpochs."""
        return self._set(maxSteps=value)

    def getMaxSteps(self) -> Any:
        """``maxSteps``, or its default."""
        return self.getOrDefault(self.maxSteps)

    def setLearningRate(self, value: float) -> "RankLlamaTrainer":
        """Sets ``learningRate``: the highest learning rate."""
        return self._set(learningRate=value)

    def getLearningRate(self) -> Any:
        """``learningRate``, or its default."""
        return self.getOrDefault(self.learningRate)

    def setLrSchedulerType(self, value: str) -> "RankLlamaTrainer":
        """Sets ``lrSchedulerType``: linear, cosine, constant or constant_with_warmup."""
        return self._set(lrSchedulerType=value)

    def getLrSchedulerType(self) -> Any:
        """``lrSchedulerType``, or its default."""
        return self.getOrDefault(self.lrSchedulerType)

    def setWarmupSteps(self, value: int) -> "RankLlamaTrainer":
        """Sets ``warmupSteps``: steps in which the rate rises, instead of warmupRatio."""
        return self._set(warmupSteps=value)

    def getWarmupSteps(self) -> Any:
        """``warmupSteps``, or its default."""
        return self.getOrDefault(self.warmupSteps)

    def setWarmupRatio(self, value: float) -> "RankLlamaTrainer":
        """Sets ``warmupRatio``: part of all steps in which the rate rises."""
        return self._set(warmupRatio=value)

    def getWarmupRatio(self) -> Any:
        """``warmupRatio``, or its default."""
        return self.getOrDefault(self.warmupRatio)

    def setWeightDecay(self, value: float) -> "RankLlamaTrainer":
        """Sets ``weightDecay``: AdamW's."""
        return self._set(weightDecay=value)

    def getWeightDecay(self) -> Any:
        """``weightDecay``, or its default."""
        return self.getOrDefault(self.weightDecay)

    def setMaxGradNorm(self, value: float) -> "RankLlamaTrainer":
        """Sets ``maxGradNorm``: scale gradients down to this norm; 0 never."""
        return self._set(maxGradNorm=value)

    def getMaxGradNorm(self) -> Any:
        """``maxGradNorm``, or its default."""
        return self.getOrDefault(self.maxGradNorm)

    def setBf16(self, value: bool) -> "RankLlamaTrainer":
        """Sets ``bf16``: frozen weights and products in bfloat16."""
        return self._set(bf16=value)

    def getBf16(self) -> Any:
        """``bf16``, or its default."""
        return self.getOrDefault(self.bf16)

    def setDevice(self, value: str) -> "RankLlamaTrainer":
        """Sets ``device``: auto, cpu, cuda or cuda:N."""
        return self._set(device=value)

    def getDevice(self) -> Any:
        """``device``, or its default."""
        return self.getOrDefault(self.device)

    def setGradientCheckpointing(self, value: bool) -> "RankLlamaTrainer":
        """Sets ``gradientCheckpointing``: less memory: compute a layer's inner states twice."""
        return self._set(gradientCheckpointing=value)

    def getGradientCheckpointing(self) -> Any:
        """``gradientCheckpointing``, or its default."""
        return self.getOrDefault(self.gradientCheckpointing)

    def setWorkers(self, value: int) -> "RankLlamaTrainer":
        """Sets ``workers``: tasks that share each step's groups."""
        return self._set(workers=value)

    def getWorkers(self) -> Any:
        """``workers``, or its default."""
        return self.getOrDefault(self.workers)

    def setSaveSteps(self, value: float) -> "RankLlamaTrainer":
        """Sets ``saveSteps``: a checkpoint every so many steps; below 1, a part of all steps."""
        return self._set(saveSteps=value)

    def getSaveSteps(self) -> Any:
        """``saveSteps``, or its default."""
        return self.getOrDefault(self.saveSteps)

    def setLoggingSteps(self, value: float) -> "RankLlamaTrainer":
        """Sets ``loggingSteps``: a line of the log every so many steps; below 1, a part of all steps."""
        return self._set(loggingSteps=value)

    def getLoggingSteps(self) -> Any:
        """``loggingSteps``, or its default."""
        return self.getOrDefault(self.loggingSteps)

    def setSeed(self, value: int) -> "RankLlamaTrainer":
        """Sets ``seed``: of the order, the passages, new weights and dropout."""
        return self._set(seed=value)

    def getSeed(self) -> Any:
        """``seed``, or its default."""
        return self.getOrDefault(self.seed)


class RankedListEvaluator(JavaEvaluator, _Stage):
    """The mean of one of trec_eval's measures over queries: of rows of groups, with an array of scores and one of grades, or of rows of
    pairs that have their query.

    Args:
        **params: ``metricName``, ``scoreCol``, ``gradeCol``, ``queryCol``.

    Raises:
        RankSparkError: over Spark Connect, and where RankSpark's jar is missing.
    """

    scoreCol = Param(
        Params._dummy(), "scoreCol",
        'column of the scores: a number, or an array of them',
        typeConverter=TypeConverters.toString)
    gradeCol = Param(
        Params._dummy(), "gradeCol",
        'column of the grades: a whole number, or an array of them',
        typeConverter=TypeConverters.toString)
    queryCol = Param(Params._dummy(), "queryCol", 'column that rows of pairs have their query in', typeConverter=TypeConverters.toString)
    metricName = Param(
        Params._dummy(), "metricName",
        'ndcg@K, mrr@K, recall@K, mrr or map, as trec_eval has it',
        typeConverter=TypeConverters.toString)

    def __init__(self, **params: Any):
        super().__init__()
        self._java_obj = _made(self, None)
        self._transfer_params_from_java()
        self.setParams(**params)

    def isLargerBetter(self) -> bool:
        """Whether a larger value is a better one: always."""
        return True

    def setScoreCol(self, value: str) -> "RankedListEvaluator":
        """Sets ``scoreCol``: column of the scores: a number, or an array of them."""
        return self._set(scoreCol=value)

    def getScoreCol(self) -> Any:
        """``scoreCol``, or its default."""
        return self.getOrDefault(self.scoreCol)

    def setGradeCol(self, value: str) -> "RankedListEvaluator":
        """Sets ``gradeCol``: column of the grades: a whole number, or an array of them."""
        return self._set(gradeCol=value)

    def getGradeCol(self) -> Any:
        """``gradeCol``, or its default."""
        return self.getOrDefault(self.gradeCol)

    def setQueryCol(self, value: str) -> "RankedListEvaluator":
        """Sets ``queryCol``: column that rows of pairs have their query in."""
        return self._set(queryCol=value)

    def getQueryCol(self) -> Any:
        """``queryCol``, or its default."""
        return self.getOrDefault(self.queryCol)

    def setMetricName(self, value: str) -> "RankedListEvaluator":
        """Sets ``metricName``: ndcg@K, mrr@K, recall@K, mrr or map, as trec_eval has it."""
        return self._set(metricName=value)

    def getMetricName(self) -> Any:
        """``metricName``, or its default."""
        return self.getOrDefault(self.metricName)


# Where PySpark looks for the Python class of a stage that the JVM read, as part of a pipeline.
sys.modules["dev.rankspark.udfs.ml"] = sys.modules[__name__]
