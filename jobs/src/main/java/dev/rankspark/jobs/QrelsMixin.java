package dev.rankspark.jobs;

import dev.rankspark.InputException;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.files.InputPaths;
import dev.rankspark.files.Shown;
import dev.rankspark.files.UserPath;
import dev.rankspark.hub.Hub;
import dev.rankspark.run.QrelsNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine.Option;

/** Where judgements are looked for that are given by a name. */
final class QrelsMixin {
  private static final String VARIABLE = "RANKSPARK_QRELS_DIR";

  private static final String PYSERINIS = "topics-and-qrels";

  /** BEIR's sets as pyserini names them, whose judgements the hub has as well. */
  private static final Pattern BEIR =
      Pattern.compile("beir-v1\\.0\\.0-([a-z0-9-]+)-(test|dev|train)");

  @Option(
      names = "--qrels-dir",
      paramLabel = "DIR",
      description =
          "a folder with judgements by name, such as qrels.dl19-passage.txt (default: "
              + VARIABLE
              + ", the working directory, and where pyserini keeps its own)")
  private Optional<String> folder;

  /**
   * The file behind a path or a name.
   *
   * @param option that has it, for messages
   * @throws InputException if it is a name and there is no such file
   */
  String find(String option, String given, Hub hub) {
    Configuration hadoop = HadoopSettings.ofDriver();
    if (UserPath.of(given, hadoop).exists()) {
      return given;
    }
    if (given.matches("[\\w.-]+/[\\w.-]+(@[^/]+)?")) {
      InputPaths test = InputPaths.ofSplit(option, given, "test");
      InputPaths found = hub.data(test, hadoop);
      return found.equals(test) ? given : only(option, found);
    }
    if (!given.matches("[\\w.-]+")) {
      return given; // whoever reads it says what is wrong with it
    }
    Optional<String> file = new QrelsNames(folders(System.getenv())).find(given, hadoop);
    if (file.isPresent() || !QrelsNames.isName(given)) {
      return file.orElse(given);
    }
    Matcher beir = BEIR.matcher(given);
    if (!beir.matches()) {
      throw InputException.of("%s: %s", option, lacking(given));
    }
    try {
      String name = "BeIR/" + beir.group(1) + "-qrels";
      return only(option, hub.data(InputPaths.ofSplit(option, name, beir.group(2)), hadoop));
    } catch (InputException e) {
      throw new InputException(
          "%s: %s; nor are they at the hub: %s".formatted(option, lacking(given), e.getMessage()),
          e);
    }
  }

  private static String only(String option, InputPaths found) {
    if (found.paths().size() != 1) {
      throw InputException.of(
          "%s: expected one file of judgements, found %s", option, Shown.first(found.paths()));
    }
    return found.paths().get(0);
  }

  private List<String> folders(Map<String, String> environment) {
    List<String> folders = new ArrayList<>();
    folder.ifPresent(folders::add);
    set(environment, VARIABLE).ifPresent(folders::add);
    folders.add(".");
    for (String variable : List.of("PYSERINI_CACHE", "ANSERINI_CACHE")) {
      set(environment, variable).ifPresent(cache -> folders.add(cache + "/" + PYSERINIS));
    }
    folders.add(".cache/pyserini/" + PYSERINIS);
    folders.add("~/.cache/pyserini/" + PYSERINIS);
    folders.add("~/.cache/anserini/" + PYSERINIS);
    return folders;
  }

  private static Optional<String> set(Map<String, String> environment, String variable) {
    return Optional.ofNullable(environment.get(variable)).filter(text -> !text.isBlank());
  }

  /** One line: what is missing and where it belongs. */
  private String lacking(String name) {
    return "there are no judgements \"%s\" here: put %s into the folder of --qrels-dir or %s, or into"
            .formatted(Shown.text(name), usual(name), VARIABLE)
        + " ~/.cache/pyserini/"
        + PYSERINIS
        + ", where pyserini puts them; they are at"
        + " https://github.com/castorini/anserini-tools/tree/master/topics-and-qrels";
  }

  /** The file as Anserini has it, for the names whose split it sets apart by a point. */
  private static String usual(String name) {
    return "qrels." + name.replaceFirst("-(dev-subset|dev2?|test|train|eval)$", ".$1") + ".txt";
  }
}
