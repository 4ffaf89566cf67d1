package dev.rankspark.reranker;

import dev.rankspark.InputException;
import dev.rankspark.checkpoint.FileState;
import dev.rankspark.checkpoint.RerankerCheckpoint;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import dev.rankspark.hub.HubSnapshot;
import dev.rankspark.model.DecoderConfig;
import dev.rankspark.model.Dtype;
import dev.rankspark.model.Hardware;
import dev.rankspark.prompt.Prompt;
import dev.rankspark.prompt.PromptOptions;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
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
  private final Recipe recipe;
  private final ArrayList<FileState> files;
  private final DecoderConfig config;

  /** Where another process finds the folders that this one named. */
  private final UnaryOperator<String> folders;

  private Reranker(ModelPaths paths, OpenedModel opened, Configuration hadoop) {
    String found = opened.checkpoint().base().path();
    this.model = absolute(paths.model(), hadoop);
    this.lora = paths.lora().map(path -> absolute(path, hadoop)).orElse(null);
    this.base = found.equals(paths.model()) ? null : absolute(found, hadoop);
    this.tokenizer = absolute(opened.tokenizer().path(), hadoop);
    this.recipe = opened.recipe();
    this.config = opened.config();
    this.files = new ArrayList<>(files(opened));
    this.folders = Unmoved.FOLDERS;
  }

  /** The same reranker, whose folders are where {@code folders} says. */
  private Reranker(Reranker other, UnaryOperator<String> folders) {
    this.model = other.model;
    this.lora = other.lora;
    this.base = other.base;
    this.tokenizer = other.tokenizer;
    this.recipe = other.recipe;
    this.config = other.config;
    this.files = other.files;
    this.folders = folders;
  }

  /** Folders that are everywhere at the same path. */
  private enum Unmoved implements UnaryOperator<String> {
    FOLDERS;

    @Override
    public String apply(String folder) {
      return folder;
    }
  }

  /**
   * Opens a reranker: files, configuration, names and shapes of all weights, tokenizer. Weights are
   * not read.
   *
   * @throws InputException naming what is wrong
   */
  public static Reranker open(ModelPaths paths, PromptOptions prompt, Configuration hadoop) {
    return open(paths, prompt, RecipeOptions.ofLength(prompt.maxLength()), hadoop);
  }

  /** Likewise, with what is said of its prompt and head. */
  public static Reranker open(
      ModelPaths paths, PromptOptions prompt, RecipeOptions options, Configuration hadoop) {
    OpenedModel opened = OpenedModel.open(paths, prompt, options, hadoop);
    opened.loadTokenizer().close();
    return new Reranker(paths, opened, hadoop);
  }

  private static String absolute(String path, Configuration hadoop) {
    return Shown.path(UserPath.of(path, hadoop).path());
  }

  private static List<FileState> files(OpenedModel opened) {
    List<FileState> files = new ArrayList<>(opened.checkpoint().files());
    files.addAll(RerankerCheckpoint.tokenizerFiles(opened.tokenizer()));
    return files;
  }

  /**
   * The same reranker for executors that may not see the folders of this machine's hub cache.
   *
   * @param here from a folder's path to where it is on the executor that asks, with files of the
   *     same sizes and times
   */
  public <F extends UnaryOperator<String> & Serializable> Reranker withFolders(F here) {
    return new Reranker(this, here);
  }

  /** The folders of this machine's hub cache that it is read from. */
  public List<String> snapshots() {
    return Stream.of(model, lora, base, tokenizer)
        .filter(folder -> folder != null && HubSnapshot.of(folder).isPresent())
        .distinct()
        .toList();
  }

  /** Names and commits of its parts that are a hub's, such as {@code org/name@0f3c...}. */
  public List<String> hubNames() {
    return snapshots().stream()
        .map(folder -> HubSnapshot.of(folder).orElseThrow().toString())
        .toList();
  }

  /** The model's directory, absolute; for messages. */
  public String path() {
    return model;
  }

  /** The model's name at the hub, else its directory; for people. */
  public String title() {
    return HubSnapshot.of(model).map(HubSnapshot::name).orElse(model);
  }

  /** How a pair becomes tokens. */
  public Prompt prompt() {
    return recipe.prompt();
  }

  /** What makes a score beside the weights. */
  public Recipe recipe() {
    return recipe;
  }

  /** The model's shape. */
  public DecoderConfig config() {
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
            folders.apply(model),
            Optional.ofNullable(lora).map(folders),
            Optional.ofNullable(base).map(folders),
            Optional.of(folders.apply(tokenizer)));
    checkUnchanged(hadoop);
    OpenedModel again = OpenedModel.open(paths, recipe, hadoop);
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
      FileState now = FileState.of(file.role(), here(file.path()), hadoop);
      if (now.length() != file.length() || now.modified() != file.modified()) {
        throw InputException.of(
            "%s changed while the job ran (%s, now %s): nothing was published; run it again when the"
                + " model's files are complete",
            Shown.text(file.path()), file.state(), now.state());
      }
    }
  }

  /** Where a file of one of the folders is. */
  private String here(String file) {
    return snapshots().stream()
        .filter(folder -> file.startsWith(folder + "/"))
        .findFirst()
        .map(folder -> folders.apply(folder) + file.substring(folder.length()))
        .orElse(file);
  }

  /**
   * What scores depend on, by content: where and when the files were written does not matter. Reads
   * all files that {@code sums} does not remember.
   *
   * @param hardware what scores are computed on and in
   */
  public Identity identity(Hardware hardware, FileSums sums, Configuration hadoop) {
    return identity(sums, hadoop).on(hardware.cuda() ? "cuda" : "cpu", hardware.dtype());
  }

  /** Likewise, in float32 on a CPU, before it is known what scores are computed on. */
  public Identity identity(FileSums sums, Configuration hadoop) {
    SortedMap<String, String> contents = new TreeMap<>();
    List<FileState> there = files.stream().filter(file -> file.length() >= 0).toList();
    sums.of(there, hadoop).forEach((file, sum) -> contents.put(file.role(), sum));
    return new Identity(contents, recipe, Dtype.FLOAT32, "cpu");
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Reranker that
        && model.equals(that.model)
        && Objects.equals(lora, that.lora)
        && Objects.equals(base, that.base)
        && tokenizer.equals(that.tokenizer)
        && recipe.equals(that.recipe)
        && files.equals(that.files)
        && folders.equals(that.folders);
  }

  @Override
  public int hashCode() {
    return Objects.hash(model, lora, base, tokenizer, recipe, files);
  }
}
