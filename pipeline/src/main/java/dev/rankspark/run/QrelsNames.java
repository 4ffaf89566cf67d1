package dev.rankspark.run;

import dev.rankspark.files.UserPath;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;

/**
 * Judgements by the names that pyserini and Anserini give them, in the files that these call them
 * by: {@code dl19-passage} is {@code qrels.dl19-passage.txt}, {@code msmarco-passage-dev-subset} is
 * {@code qrels.msmarco-passage.dev-subset.txt}, {@code beir-v1.0.0-scifact-test} is {@code
 * qrels.beir-v1.0.0-scifact.test.txt}.
 *
 * @param folders where to look, in this order; {@code .} is the working directory
 */
public record QrelsNames(List<String> folders) {
  private static final List<String> ENDINGS = List.of(".txt", ".tsv");

  public QrelsNames {
    folders = List.copyOf(folders);
  }

  /** Whether a text may be a name: neither a path nor a file's name. */
  public static boolean isName(String text) {
    return text.matches("[\\w.-]*-[\\w.-]*") && !text.matches(".*\\.(txt|tsv|qrels?|gz|trec)");
  }

  /** The files that a name may stand for, without their folders. */
  public static List<String> files(String name) {
    Set<String> stems = new LinkedHashSet<>(List.of(name));
    for (int dash = name.indexOf('-'); dash >= 0; dash = name.indexOf('-', dash + 1)) {
      stems.add(name.substring(0, dash) + "." + name.substring(dash + 1));
    }
    List<String> files = new ArrayList<>();
    for (String stem : stems) {
      ENDINGS.forEach(ending -> files.add("qrels." + stem + ending));
    }
    return files;
  }

  /** The file of a name, in the first folder that has one. */
  public Optional<String> find(String name, Configuration hadoop) {
    return folders.stream()
        .flatMap(
            folder ->
                files(name).stream().map(file -> folder.equals(".") ? file : folder + "/" + file))
        .filter(path -> UserPath.of(path, hadoop).exists())
        .findFirst();
  }
}
