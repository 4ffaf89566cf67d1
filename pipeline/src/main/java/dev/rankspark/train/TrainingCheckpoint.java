package dev.rankspark.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.InputException;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.checkpoint.NewTensor;
import dev.rankspark.checkpoint.SafetensorsWriter;
import dev.rankspark.checkpoint.StoredTensor;
import dev.rankspark.checkpoint.Weights;
import dev.rankspark.files.FileFailures;
import dev.rankspark.files.FileSum;
import dev.rankspark.files.OutputDirectory;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A directory {@code checkpoint-STEP} from which a training run goes on: the model's files, {@code
 * optimizer.safetensors}, and {@code trainer_state.json}, which has the state and the length and
 * CRC32C of every other file. It is written under a hidden name and renamed, on any Hadoop path;
 * where a rename is no single step, or a disk lies, the sums say whether all is there.
 *
 * <p>One writer at a time: it takes away what killed writers left behind.
 */
final class TrainingCheckpoint {
  static final String STATE = "trainer_state.json";
  static final String OPTIMIZER = "optimizer.safetensors";

  private static final String PREFIX = "checkpoint-";
  private static final Pattern NAME = Pattern.compile(PREFIX + "(0|[1-9]\\d{0,17})");
  private static final Pattern LEFTOVER = Pattern.compile("\\." + PREFIX + "\\d+\\..+");
  private static final int BUFFER = 1 << 16;
  private static final JsonMapper JSON = new JsonMapper();

  private final ModelDirectory directory;
  private final TrainerState state;

  /** Writes the model's files: an adapter or a whole model, and the tokenizer. */
  @FunctionalInterface
  public interface Contents {
    void writeTo(OutputDirectory directory);
  }

  /**
   * What {@link #newest} found.
   *
   * @param checkpoint the newest whole one, if there is one
   * @param broken what is wrong with newer ones, a line for each that begins with its path
   */
  public record Newest(Optional<TrainingCheckpoint> checkpoint, List<String> broken) {
    public Newest {
      broken = List.copyOf(broken);
    }
  }

  private TrainingCheckpoint(ModelDirectory directory, TrainerState state) {
    this.directory = directory;
    this.state = state;
  }

  /**
   * Writes a checkpoint. A whole one of the same step and settings, which a task that is retried
   * may find, is kept as it is; any other directory of that name is replaced.
   *
   * @param optimizer the optimizer's vectors
   * @throws InputException if the file system refuses; the checkpoints before stay as they are
   */
  public static TrainingCheckpoint write(
      String outputDir,
      TrainerState state,
      List<NewTensor> optimizer,
      Contents contents,
      Configuration hadoop) {
    String path = pathOf(outputDir, state.step());
    try {
      UserPath given = UserPath.of(path, hadoop);
      FileSystem system = given.system();
      boolean exists = system.exists(given.path());
      if (exists) {
        Optional<TrainingCheckpoint> whole = whole(path, hadoop);
        if (whole.isPresent() && whole.get().state.settings().equals(state.settings())) {
          return whole.get();
        }
      }
      removeLeftovers(UserPath.of(outputDir, hadoop));
      try (OutputDirectory directory = OutputDirectory.create(path, hadoop)) {
        contents.writeTo(directory);
        SafetensorsWriter.write(directory, OPTIMIZER, optimizer);
        directory.write(STATE, json(state, directory.written()));
        Optional<Path> replaced =
            exists ? Optional.of(hide(system, given.path())) : Optional.empty();
        directory.commit();
        if (replaced.isPresent()) {
          system.delete(replaced.get(), true /* recursively */);
        }
      }
      return new TrainingCheckpoint(ModelDirectory.open(path, hadoop), state);
    } catch (IOException | FSError e) {
      throw FileFailures.unwritable(path, e);
    }
  }

  /**
   * The newest checkpoint that is whole; every byte of it is read.
   *
   * @param outputDir need not exist
   * @throws InputException if the file system cannot be read
   */
  public static Newest newest(String outputDir, Configuration hadoop) {
    List<String> broken = new ArrayList<>();
    for (long step : steps(outputDir, hadoop)) {
      try {
        return new Newest(Optional.of(read(pathOf(outputDir, step), hadoop)), broken);
      } catch (BrokenException e) {
        broken.add(e.getMessage());
      }
    }
    return new Newest(Optional.empty(), broken);
  }

  /** The checkpoint of a step, if it is there and whole. */
  static Optional<TrainingCheckpoint> find(String outputDir, long step, Configuration hadoop) {
    return steps(outputDir, hadoop).contains(step)
        ? whole(pathOf(outputDir, step), hadoop)
        : Optional.empty();
  }

  /**
   * Reads the checkpoint in a directory, every byte of it.
   *
   * @throws InputException if it is missing, cut or changed, naming the file
   */
  public static TrainingCheckpoint read(String path, Configuration hadoop) {
    ModelDirectory directory = ModelDirectory.open(path, "--resume-from-checkpoint", hadoop);
    JsonNode json = stateJson(directory);
    Map<String, FileSum> files = files(path, json);
    for (Map.Entry<String, FileSum> file : files.entrySet()) {
      check(path + "/" + file.getKey(), file.getValue(), hadoop);
    }
    return new TrainingCheckpoint(directory, state(path, json));
  }

  /**
   * Deletes all but the newest checkpoints ({@code --save-total-limit}), oldest first. As the
   * Trainer's rotation has it, the best one is never deleted and counts, but the newest one stays
   * as well.
   *
   * @param limit how many to keep, from 1 on
   * @param best the step of the best one, if that is wanted
   */
  public static void keepNewest(
      String outputDir, int limit, OptionalLong best, Configuration hadoop) {
    if (limit < 1) {
      throw new IllegalArgumentException("limit must be >= 1, got " + limit);
    }
    List<Long> others = steps(outputDir, hadoop);
    boolean hasBest = best.isPresent() && others.remove((Long) best.getAsLong());
    boolean bestIsNewest = hasBest && (others.isEmpty() || best.getAsLong() > others.get(0));
    int kept = hasBest ? Math.max(limit - 1, bestIsNewest ? 0 : 1) : limit;
    List<Long> oldestFirst =
        new ArrayList<>(others.subList(Math.min(kept, others.size()), others.size()));
    Collections.reverse(oldestFirst);
    for (long step : oldestFirst) {
      UserPath path = UserPath.of(pathOf(outputDir, step), hadoop);
      try {
        FileSystem system = path.system();
        // Hidden first: half deleted, it would look like one that was cut.
        system.delete(hide(system, path.path()), true /* recursively */);
      } catch (IOException | FSError e) {
        throw new InputException(path.text() + " cannot be deleted: " + e.getMessage(), e);
      }
    }
  }

  /** The path as it was given. */
  public String path() {
    return directory.path();
  }

  public TrainerState state() {
    return state;
  }

  /** The directory with the model's files. */
  public ModelDirectory directory() {
    return directory;
  }

  /** The optimizer's vectors, by name. */
  public Map<String, StoredTensor> optimizer() {
    return Weights.read(directory, OPTIMIZER);
  }

  /**
   * Refuses to go on with other settings than the checkpoint's.
   *
   * @throws InputException naming the first setting that differs
   */
  public void compareSettings(Map<String, String> asked) {
    SortedMap<String, String> all = new TreeMap<>(state.settings());
    all.putAll(asked);
    for (String name : all.keySet()) {
      String made = state.settings().get(name);
      String wanted = asked.get(name);
      if (made == null || !made.equals(wanted)) {
        throw InputException.of(
            "%s was made %s, asked for %s; give the same, or another --output-dir to begin anew",
            path(),
            made == null ? "without " + name : "with " + name + " " + Shown.text(made),
            wanted == null ? "none" : Shown.text(wanted));
      }
    }
  }

  /** A checkpoint's content is not what was written; the file system is well. */
  private static final class BrokenException extends InputException {
    private static final long serialVersionUID = 1L;

    BrokenException(String message, Throwable cause) {
      super(message, cause);
    }

    static BrokenException of(String path, String format, Object... args) {
      return new BrokenException(path + ": " + InputException.of(format, args).getMessage(), null);
    }
  }

  private static String pathOf(String outputDir, long step) {
    return (outputDir.endsWith("/") ? outputDir : outputDir + "/") + PREFIX + step;
  }

  private static Optional<TrainingCheckpoint> whole(String path, Configuration hadoop) {
    try {
      return Optional.of(read(path, hadoop));
    } catch (BrokenException e) {
      return Optional.empty();
    }
  }

  /** The steps of all directories with a checkpoint's name, newest first. */
  private static List<Long> steps(String outputDir, Configuration hadoop) {
    List<Long> steps = new ArrayList<>();
    try {
      UserPath directory = UserPath.of(outputDir, hadoop);
      for (FileStatus status : directory.system().listStatus(directory.path())) {
        Matcher name = NAME.matcher(status.getPath().getName());
        if (status.isDirectory() && name.matches()) {
          steps.add(Long.valueOf(name.group(1)));
        }
      }
    } catch (FileNotFoundException e) {
      return steps;
    } catch (IOException | FSError e) {
      throw new InputException(outputDir + " cannot be read: " + e.getMessage(), e);
    }
    steps.sort(Comparator.reverseOrder());
    return steps;
  }

  /** Moves a directory to a name that nobody looks for. */
  private static Path hide(FileSystem system, Path path) throws IOException {
    Path hidden = new Path(path.getParent(), "." + path.getName() + "." + UUID.randomUUID());
    if (!system.rename(path, hidden)) {
      throw new IOException(path + " cannot be renamed");
    }
    return hidden;
  }

  /** Whether a directory of that name is what a killed writer left, to be taken away. */
  static boolean isLeftover(String name) {
    return LEFTOVER.matcher(name).matches();
  }

  private static void removeLeftovers(UserPath outputDir) throws IOException {
    FileSystem system = outputDir.system();
    if (!outputDir.exists()) {
      return;
    }
    for (FileStatus status : system.listStatus(outputDir.path())) {
      if (isLeftover(status.getPath().getName())) {
        system.delete(status.getPath(), true /* recursively */);
      }
    }
  }

  // trainer_state.json

  /** Without a line end, so that no part of it is JSON. */
  private static String json(TrainerState state, Map<String, FileSum> files)
      throws JsonProcessingException {
    ObjectNode json = JSON.createObjectNode();
    json.put("step", state.step());
    json.put("epoch", state.epoch());
    ObjectNode settings = json.putObject("settings");
    state.settings().forEach(settings::put);
    ArrayNode log = json.putArray("log");
    state.log().forEach(log::add);
    ObjectNode sums = json.putObject("files");
    files.forEach(
        (name, sum) ->
            sums.putObject(name).put("length", sum.length()).put("crc32c", sum.crc32c()));
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json);
  }

  private static JsonNode stateJson(ModelDirectory directory) {
    try {
      return directory.jsonObject(STATE);
    } catch (InputException e) {
      Throwable cause = e.getCause();
      if (cause instanceof IOException
          && !(cause instanceof FileNotFoundException
              || cause instanceof JsonProcessingException
              || cause instanceof CharacterCodingException)) {
        throw e;
      }
      throw new BrokenException(e.getMessage(), e);
    }
  }

  private static TrainerState state(String path, JsonNode json) {
    Map<String, String> settings = new LinkedHashMap<>();
    json.path("settings")
        .fields()
        .forEachRemaining(s -> settings.put(s.getKey(), s.getValue().asText()));
    List<ObjectNode> log = new ArrayList<>();
    for (JsonNode line : json.path("log")) {
      if (!(line instanceof ObjectNode object)) {
        throw BrokenException.of(path, "%s: expected a JSON object in log", STATE);
      }
      log.add(object);
    }
    JsonNode step = json.path("step");
    JsonNode epoch = json.path("epoch");
    Matcher name = NAME.matcher(path.replaceFirst("/+$", "").replaceFirst(".*/", ""));
    if (name.matches() && !name.group(1).equals(step.asText())) {
      throw BrokenException.of(
          path, "%s: expected step %s, got %s", STATE, name.group(1), Shown.text(step.toString()));
    }
    if (!step.canConvertToLong() || step.asLong() < 0 || !(epoch.asDouble(-1) >= 0)) {
      throw BrokenException.of(
          path,
          "%s: expected numbers from 0 on as step and epoch, got %s and %s",
          STATE,
          Shown.text(step.toString()),
          Shown.text(epoch.toString()));
    }
    return new TrainerState(step.asLong(), epoch.asDouble(), settings, log);
  }

  private static Map<String, FileSum> files(String path, JsonNode json) {
    Map<String, FileSum> files = new LinkedHashMap<>();
    json.path("files")
        .fields()
        .forEachRemaining(
            file ->
                files.put(
                    file.getKey(),
                    new FileSum(
                        file.getValue().path("length").asLong(-1),
                        file.getValue().path("crc32c").asText())));
    if (!files.containsKey(OPTIMIZER) || files.keySet().stream().anyMatch(f -> f.contains("/"))) {
      throw BrokenException.of(
          path, "%s: expected the files with their sums, %s among them", STATE, OPTIMIZER);
    }
    return files;
  }

  private static void check(String path, FileSum expected, Configuration hadoop) {
    CRC32C crc = new CRC32C();
    long length = 0;
    UserPath file = UserPath.of(path, hadoop);
    try (InputStream in = file.system().open(file.path())) {
      byte[] buffer = new byte[BUFFER];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        crc.update(buffer, 0, read);
        length += read;
      }
    } catch (FileNotFoundException e) {
      throw new BrokenException(path + " does not exist", e);
    } catch (IOException | FSError e) {
      throw new InputException(path + " cannot be read: " + e.getMessage(), e);
    }
    FileSum found = new FileSum(length, crc);
    if (!found.equals(expected)) {
      throw BrokenException.of(
          path,
          "expected %d bytes of CRC32C %s, got %d of %s: it was cut or changed",
          expected.length(),
          Shown.text(expected.crc32c()),
          found.length(),
          found.crc32c());
    }
  }
}
