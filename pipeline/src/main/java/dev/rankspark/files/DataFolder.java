package dev.rankspark.files;

import dev.rankspark.InputException;
import dev.rankspark.files.InputPaths.Content;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;

/**
 * The files of a folder that hold what an option asks for. A folder of BEIR has queries, corpus and
 * qrels beside each other; what describes a data set is none of its files.
 */
record DataFolder(Folders folders, Path folder, InputPaths paths) {
  /** The split of a data set that names none. */
  private static final String TRAIN = "train";

  private static final Pattern NO_DATA =
      Pattern.compile(
          "(readme|license|licence|notice|citation|changelog|requirements)([._-].*)?"
              + "|.*\\.(md|py|pdf|html|bib|cff|ya?ml|sha\\d*|md5|crc)"
              + "|(dataset_infos?|dataset_dict|state|metadata)\\.json",
          Pattern.CASE_INSENSITIVE);

  /** What a file's name may have beside the word that says what it holds. */
  private static final Pattern NO_WORD =
      Pattern.compile("\\d+|of|part|jsonl|json|tsv|txt|parquet|pq|gz|bz2|zst|deflate|snappy|lz4");

  /**
   * The files, by name.
   *
   * @throws InputException if there is none
   */
  List<Path> files() throws IOException {
    return paths.split().isPresent() ? ofSplit(paths.split().get()) : all();
  }

  private List<Path> all() throws IOException {
    List<Path> inside = filesIn(folder);
    List<Path> data = holding(inside);
    if (data.isEmpty() && !ownFolder().isEmpty()) {
      return ownFolder();
    }
    if (data.isEmpty() && !inside.isEmpty()) {
      throw InputException.of(
          "%s: %s has no %s: expected a file such as %s.jsonl, found %s",
          paths.option(), Shown.path(folder), paths.content(), paths.content(), names(inside));
    }
    return data;
  }

  /**
   * The files of one split of a data set, told by Hugging Face's conventions: those in a folder of
   * the split's name, or with the split as a word of their name ({@code dl19.jsonl.gz}, {@code
   * queries.dl19.tsv}, {@code data/dev-00000-of-00002.parquet}); a data set that names no splits is
   * all {@code train}. BEIR has the queries of all splits in one file, and the run says which are
   * meant.
   */
  private List<Path> ofSplit(String split) throws IOException {
    List<Path> inside = new ArrayList<>();
    for (Path place : List.of(folder, new Path(folder, "data"))) {
      Path own = new Path(place, split);
      if (folders.isFolder(own)) {
        return filesIn(own);
      }
      if (folders.isFolder(place)) {
        filesIn(place).stream()
            .filter(file -> DataFormat.of(file, folders.hadoop()).isPresent())
            .forEach(inside::add);
      }
    }
    List<Path> data = new ArrayList<>(holding(inside));
    data.addAll(ownFolder());
    List<Path> named = data.stream().filter(file -> words(file).contains(split)).toList();
    if (named.isEmpty() && split.equals(TRAIN) && !data.isEmpty()) {
      return data;
    }
    List<Path> ofAllSplits = data.stream().filter(this::holdsAll).toList();
    if (named.isEmpty() && paths.content() == Content.QUERIES && !ofAllSplits.isEmpty()) {
      return ofAllSplits;
    }
    if (named.isEmpty()) {
      throw InputException.of(
          "%s: %s has no data of split \"%s\": expected a file such as %s.jsonl.gz, found %s",
          paths.option(),
          Shown.path(folder),
          split,
          split,
          inside.isEmpty() ? "none" : names(inside));
    }
    return named;
  }

  /** {@code queries/} and {@code corpus/}, as BEIR's data sets lie at Hugging Face. */
  private List<Path> ownFolder() throws IOException {
    for (String word : paths.content().words()) {
      Path own = new Path(folder, word);
      if (folders.isFolder(own)) {
        return filesIn(own);
      }
    }
    return List.of();
  }

  private List<Path> filesIn(Path place) throws IOException {
    return folders.filesIn(place).stream()
        .filter(DataFolder::isVisible)
        .filter(file -> !NO_DATA.matcher(file.getName()).matches())
        .sorted()
        .toList();
  }

  private static boolean isVisible(Path path) {
    return !path.getName().startsWith(".") && !path.getName().startsWith("_");
  }

  /**
   * Those that do not say by their name that they are something else; where some do, only those
   * that say that they are what is asked for.
   */
  private List<Path> holding(List<Path> files) {
    Content content = paths.content();
    List<Path> own = files.stream().filter(file -> says(file, content.words())).toList();
    List<Path> others =
        files.stream().filter(file -> !own.contains(file) && says(file, content.others())).toList();
    return !others.isEmpty() && !own.isEmpty()
        ? own
        : files.stream().filter(file -> !others.contains(file)).toList();
  }

  private static boolean says(Path file, List<String> words) {
    return words(file).stream().anyMatch(words::contains);
  }

  /** Whether the name says what it is and nothing more: {@code queries.jsonl.gz}. */
  private boolean holdsAll(Path file) {
    return words(file).stream()
        .filter(word -> !NO_WORD.matcher(word).matches())
        .allMatch(paths.content().words()::contains);
  }

  private static List<String> words(Path file) {
    return Arrays.stream(file.getName().split("[^A-Za-z0-9]+"))
        .map(word -> word.toLowerCase(Locale.ROOT))
        .toList();
  }

  private static String names(List<Path> files) {
    return files.stream().map(Path::getName).collect(Collectors.joining(", "));
  }
}
