package dev.rankspark.hub;

import dev.rankspark.InputException;
import dev.rankspark.files.DataFiles;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.Shown;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;

/**
 * The files of a data set's repository that an option asks for, by their names: JSON lines, Parquet
 * or tab-separated. Of a repository that has a program alone, the Parquet files that the hub has
 * made by it, which it keeps under a revision of their own.
 */
final class DataSets {
  /** Where the hub keeps what it converted: {@code CONFIGURATION/SPLIT/0000.parquet}. */
  static final String CONVERTED = "refs/convert/parquet";

  private static final String DEFAULT = "default";

  private static final Pattern DATA =
      Pattern.compile(
          ".*\\.(jsonl|json|tsv|txt|parquet|pq)(\\.[a-z0-9]{2,8})?", Pattern.CASE_INSENSITIVE);
  private static final Pattern NO_DATA =
      Pattern.compile("(.*/)?(dataset_infos?|dataset_dict|state|metadata|requirements)\\.\\w+");

  private static final Pattern SHARD = Pattern.compile("(.*?)(\\d{5})-of-(\\d{5})(.*)");

  private final InputPaths paths;
  private final RepositoryName name;
  private final Configuration hadoop;

  DataSets(InputPaths paths, RepositoryName name, Configuration hadoop) {
    this.paths = paths;
    this.name = name;
    this.hadoop = hadoop;
  }

  /** Whether any file may hold data. */
  static boolean hasData(Collection<String> names) {
    return names.stream()
        .anyMatch(file -> DATA.matcher(file).matches() && !NO_DATA.matcher(file).matches());
  }

  /**
   * Chooses among the files of a repository.
   *
   * @throws InputException if none is asked for
   */
  List<String> choose(Collection<String> names) {
    return DataFiles.choose(paths, name.id(), names, hadoop);
  }

  /**
   * Chooses among what the hub converted.
   *
   * @throws InputException if it converted none, or not all of it
   */
  List<String> chooseConverted(Collection<String> names) {
    Set<String> configurations = firsts(names);
    String configuration =
        paths.content() != InputPaths.Content.ANY && configurations.contains(word())
            ? word()
            : configurations.contains(DEFAULT) || configurations.size() != 1
                ? DEFAULT
                : configurations.iterator().next();
    List<String> inside = below(configuration, names);
    if (inside.isEmpty()) {
      throw InputException.of(
          "%s has no data but a program, which is never run, and the hub has converted %s",
          name,
          configurations.isEmpty()
              ? "none of it"
              : "several configurations of it, none of them \"default\": "
                  + Shown.first(configurations));
    }
    Set<String> splits = firsts(inside);
    String asked = paths.split().orElse(splits.size() == 1 ? splits.iterator().next() : "train");
    // BEIR's configurations have one split, of their own name.
    String split = splits.size() == 1 && splits.contains(word()) ? word() : asked;
    List<String> files = below(split, inside);
    if (files.isEmpty()) {
      throw InputException.of(
          "%s has no split \"%s\" that is converted whole: found %s",
          name, split, Shown.first(splits));
    }
    return files.stream().map(file -> configuration + "/" + split + "/" + file).sorted().toList();
  }

  private String word() {
    return paths.content().name().toLowerCase(Locale.ROOT);
  }

  private static Set<String> firsts(Collection<String> names) {
    return names.stream()
        .filter(file -> file.contains("/") && !file.startsWith("."))
        .map(file -> file.substring(0, file.indexOf('/')))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static List<String> below(String folder, Collection<String> names) {
    return names.stream()
        .filter(file -> file.startsWith(folder + "/"))
        .map(file -> file.substring(folder.length() + 1))
        .toList();
  }

  /** A shard whose others are not there, if there is one. */
  static Optional<String> lacking(Collection<String> files) {
    Set<String> there = new HashSet<>(files);
    for (String file : files) {
      Matcher shard = SHARD.matcher(file);
      if (shard.matches()) {
        for (int i = 0; i < Integer.parseInt(shard.group(3)); i++) {
          String other =
              shard.group(1)
                  + String.format(Locale.ROOT, "%05d", i)
                  + "-of-"
                  + shard.group(3)
                  + shard.group(4);
          if (!there.contains(other)) {
            return Optional.of(other);
          }
        }
      }
    }
    return Optional.empty();
  }
}
