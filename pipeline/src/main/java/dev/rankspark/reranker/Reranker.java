package dev.rankspark.reranker;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.FileState;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import dev.rankspark.model.Hardware;
import dev.rankspark.model.LlamaConfig;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.OpenedModel.Head;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;

/**
 * A reranker that pairs can be scored with. It is opened once, on the driver, and sent to the
 * executors, which read the weights: it knows the files that decide a score, so that one that
 * changes meanwhile is an error and not another score. Two are equal if their files are the same
 * ones, unchanged, and their prompts equal.
 */
public final class Reranker implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Absolute: executors have another working directory. */
  private final String model;

  private final String lora; // null for none
  private final String base; // null where the model is no adapter
  private final String tokenizer;
  private final PromptOptions prompt;
  private final ArrayList<FileState> files;
  private final LlamaConfig config;

  private Reranker(
      ModelPaths paths, OpenedModel opened, PromptOptions prompt, Configuration hadoop) {
    String found = opened.checkpoint().base().path();
    this.model = absolute(paths.model(), hadoop);
    this.lora = paths.lora().map(path -> absolute(path, hadoop)).orElse(null);
    this.base = found.equals(paths.model()) ? null : absolute(found, hadoop);
    this.tokenizer = absolute(opened.tokenizer().path(), hadoop);
    this.prompt = prompt;
    this.config = opened.config();
    this.files = new ArrayList<>(files(opened));
  }

  /**
   * Opens a reranker: files, configuration, names and shapes of all weights, tokenizer. Weights are
   * not read.
   *
   * @throws InputException naming what is wrong
   */
  public static Reranker open(ModelPaths paths, PromptOptions prompt, Configuration hadoop) {
    OpenedModel opened = OpenedModel.open(paths, prompt.maxLength(), Head.REQUIRED, hadoop);
    PairEncoder.load(opened.tokenizer(), prompt, opened.pooling()).close();
    return new Reranker(paths, opened, prompt, hadoop);
  }

  private static String absolute(String path, Configuration hadoop) {
    return Shown.path(UserPath.of(path, hadoop).path());
  }

  private static List<FileState> files(OpenedModel opened) {
    List<FileState> files = new ArrayList<>(opened.checkpoint().files());
    files.addAll(RerankerCheckpoint.tokenizerFiles(opened.tokenizer()));
    return files;
  }

  /** The model's directory, absolute; for messages. */
  public String path() {
    return model;
  }

  /** How a pair becomes tokens. */
  public PromptOptions prompt() {
    return prompt;
  }

  /** The model's shape. */
  public LlamaConfig config() {
    return config;
  }

  /**
   * The model to load, on an executor.
   *
   * @throws InputException if a file has changed since the reranker was opened
   */
  public OpenedModel reopen(Configuration hadoop) {
    ModelPaths paths =
        new ModelPaths(
            model, Optional.ofNullable(lora), Optional.ofNullable(base), Optional.of(tokenizer));
    checkUnchanged(hadoop);
    OpenedModel again = OpenedModel.open(paths, prompt.maxLength(), Head.REQUIRED, hadoop);
    checkUnchanged(hadoop);
    return again;
  }

  /**
   * Checks that no file has changed since the reranker was opened: neither its size nor its time.
   *
   * @throws InputException naming one that has
   */
  public void checkUnchanged(Configuration hadoop) {
    for (FileState file : files) {
      FileState now = FileState.of(file.role(), file.path(), hadoop);
      if (!now.equals(file)) {
        throw InputException.of(
            "%s changed while the job ran (%s, now %s): nothing was published; run it again when the"
                + " model's files are complete",
            Shown.text(file.path()), file.state(), now.state());
      }
    }
  }

  /**
   * What scores depend on, by content: where and when the files were written does not matter. Reads
   * all files that {@code sums} does not remember.
   *
   * @param hardware what scores are computed on and in
   */
  public Identity identity(Hardware hardware, FileSums sums, Configuration hadoop) {
    SortedMap<String, String> contents = new TreeMap<>();
    List<FileState> there = files.stream().filter(file -> file.length() >= 0).toList();
    sums.of(there, hadoop).forEach((file, sum) -> contents.put(file.role(), sum));
    return new Identity(contents, prompt, hardware.dtype(), hardware.cuda() ? "cuda" : "cpu");
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Reranker that
        && model.equals(that.model)
        && Objects.equals(lora, that.lora)
        && Objects.equals(base, that.base)
        && tokenizer.equals(that.tokenizer)
        && prompt.equals(that.prompt)
        && files.equals(that.files);
  }

  @Override
  public int hashCode() {
    return Objects.hash(model, lora, base, tokenizer, prompt, files);
  }
}
