package dev.rankspark.merge;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.LoraAdapter;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.ModelWriter;
import dev.rankspark.checkpoint.NewTensor;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.checkpoint.StorageType;
import dev.rankspark.checkpoint.Weight;
import dev.rankspark.files.OutputDirectory;
import dev.rankspark.files.OutputFile.IfExists;
import dev.rankspark.files.UserPath;
import dev.rankspark.progress.ByteCount;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.OpenedModel;
import dev.rankspark.reranker.OpenedModel.Head;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Makes a plain model of a base and its adapter: safetensors that transformers' {@code
 * AutoModelForSequenceClassification} loads without a missing weight. Weights go from file to file
 * some rows at a time, so that a model may be larger than the memory; {@link Weight#merged} says
 * how they are computed. A backbone with its {@code reranker_head.pt} becomes a plain model as
 * well.
 */
public final class Merge {
  /** What makes a directory something else than a plain model to its readers, Tevatron's too. */
  private static final List<String> OTHERS = List.of("adapter_config.json", "reranker_config.json");

  private static final List<String> RECIPE =
      List.of(
          "modules.json",
          "sentence_bert_config.json",
          "config_sentence_transformers.json",
          "chat_template.jinja");

  private static final int SHOWN = 3;

  private Merge() {}

  /**
   * Merges.
   *
   * @param told of the bytes of the weights that are written
   * @throws InputException if a part is missing, broken or does not fit, or the output holds
   *     something else; nothing is written then
   */
  public static MergeReport run(MergeOptions options, Configuration hadoop, ByteCount told) {
    checkOutput(options, hadoop);
    ModelPaths paths =
        new ModelPaths(options.model(), options.lora(), options.base(), Optional.empty());
    refuseWithoutHead(paths, hadoop);
    OpenedModel opened = OpenedModel.open(paths, /* longest= */ 1, Head.REQUIRED, hadoop);
    RerankerCheckpoint checkpoint = opened.checkpoint();
    checkParts(options, checkpoint, hadoop);
    Map<String, Weight> weights = opened.weights();
    StorageType dtype = options.dtype().orElseGet(() -> dtype(checkpoint.config(), weights));
    JsonNode config =
        ModelWriter.classifierConfig(
            checkpoint.config(), opened.config().classifierArchitecture(), dtype);
    List<NewTensor> tensors = new ArrayList<>();
    weights.forEach((name, weight) -> tensors.add(weight.merged(name, dtype)));
    try (OutputDirectory output = OutputDirectory.create(options.output(), hadoop)) {
      ModelWriter.write(
          output,
          checkpoint.base(),
          opened.tokenizer(),
          config,
          counted(tensors, told),
          options.shardBytes());
      copyRecipe(checkpoint, output);
      if (OutputDirectory.list(options.output(), hadoop).isEmpty()) {
        output.commit();
      } else {
        checkOutput(options, hadoop); // it may have changed meanwhile
        output.commitInto(name -> ModelWriter.isOwn(name) || RECIPE.contains(name));
      }
      return new MergeReport(
          options.output(),
          dtype,
          weights.size(),
          (int) weights.values().stream().filter(weight -> weight.lora().isPresent()).count(),
          output.written());
    }
  }

  /** sentence-transformers' files, from which the merged model, too, has its prompt. */
  private static void copyRecipe(RerankerCheckpoint checkpoint, OutputDirectory output) {
    ModelDirectory model = checkpoint.model();
    if (checkpoint.adapter().filter(lora -> !lora.path().equals(model.path())).isPresent()) {
      return; // of a base that was trained further, with whichever prompt
    }
    RECIPE.stream()
        .filter(model::has)
        .forEach(
            name -> {
              byte[] bytes = model.read(name);
              output.write(name, out -> out.write(bytes));
            });
  }

  /** The same tensors, which tell when they are written. */
  private static List<NewTensor> counted(List<NewTensor> tensors, ByteCount told) {
    long all = tensors.stream().mapToLong(NewTensor::bytes).sum();
    AtomicLong written = new AtomicLong();
    return tensors.stream()
        .map(
            tensor ->
                new NewTensor(
                    tensor.name(),
                    tensor.type(),
                    tensor.shape(),
                    sink -> {
                      tensor.elements().writeTo(sink);
                      told.at(written.addAndGet(tensor.bytes()), all);
                    }))
        .toList();
  }

  private static void refuseWithoutHead(ModelPaths paths, Configuration hadoop) {
    if (!RerankerCheckpoint.open(paths.model(), paths.lora(), paths.base(), hadoop).hasHead()) {
      throw InputException.of(
          "no head: %s has no score.weight, and merge makes models that have one; give the adapter"
              + " that was trained with it (--lora-name-or-path); one that answers with words is"
              + " merged by PEFT (merge_and_unload)",
          paths.lora().orElse(paths.model()));
    }
  }

  private static void checkOutput(MergeOptions options, Configuration hadoop) {
    List<String> names = OutputDirectory.list(options.output(), hadoop);
    if (names.isEmpty()) {
      return;
    }
    for (String other : OTHERS) {
      if (names.contains(other)) {
        throw InputException.of(
            "%s holds %s, with which it is read as something else than a plain model; give another"
                + " --output-dir",
            options.output(), other);
      }
    }
    if (options.ifExists() == IfExists.FAIL) {
      throw InputException.of(
          "%s is not empty, it holds %s; give another --output-dir, or --overwrite to replace a"
              + " model in it",
          options.output(), first(names));
    }
  }

  private static String first(List<String> names) {
    String first = String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
    return names.size() <= SHOWN ? first : first + " and " + (names.size() - SHOWN) + " more";
  }

  private static void checkParts(
      MergeOptions options, RerankerCheckpoint checkpoint, Configuration hadoop) {
    if (!checkpoint.pooling().equals("last")) {
      throw InputException.of(
          "%s: reranker_pooling \"%s\" is not supported by merge: a plain model pools the last token",
          options.model(), checkpoint.pooling());
    }
    Path output = qualified(options.output(), hadoop);
    Stream.of(
            Optional.of(options.model()),
            Optional.of(checkpoint.base()).map(ModelDirectory::path),
            checkpoint.adapter().map(LoraAdapter::path))
        .flatMap(Optional::stream)
        .forEach(
            part -> {
              if (qualified(part, hadoop).equals(output)) {
                throw InputException.of(
                    "--output-dir %s is what is read; give another one", options.output());
              }
            });
  }

  private static Path qualified(String path, Configuration hadoop) {
    return UserPath.of(path, hadoop).real();
  }

  /** As {@code from_pretrained(torch_dtype="auto")}: what the configuration says, else is there. */
  private static StorageType dtype(JsonNode config, Map<String, Weight> weights) {
    return StorageType.ofTorch(config.path("torch_dtype").asText(config.path("dtype").asText()))
        .filter(StorageType::isWeight)
        .orElseGet(() -> weights.values().iterator().next().stored().type());
  }
}
