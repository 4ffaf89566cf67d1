package dev.rankspark.jobs;

import dev.rankspark.InputException;
import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code demo}: the main job on the data that ships in the jar, through the commands that a user
 * would type.
 */
@Command(
    name = "demo",
    mixinStandardHelpOptions = true,
    description = {
      "Reranks 120 queries that ship with the jar, with a small model that rankspark train made, and",
      "shows what it is worth: BM25 before, the reranker after."
    },
    footerHeading = "%nExample:%n",
    footer = "  rankspark demo")
final class DemoCommand implements Callable<Integer> {
  /** What the build packs from {@code reference/demo}, whose README says what it is. */
  private static final List<String> FILES =
      List.of(
          "data/queries.tsv",
          "data/corpus.jsonl",
          "data/run.trec",
          "data/qrels.txt",
          "model/config.json",
          "model/model.safetensors",
          "model/tokenizer.json",
          "model/tokenizer_config.json");

  @Spec private CommandSpec spec;

  @Option(
      names = "--output-dir",
      defaultValue = "rankspark-demo",
      paramLabel = "DIR",
      description = "where the demo's files go (default ./${DEFAULT-VALUE})")
  private Path folder;

  @Override
  public Integer call() {
    unpack();
    PrintWriter out = spec.commandLine().getOut();
    out.println(
        "120 questions about the villages of a made-up country, and at most 50 passages by BM25 for each.");
    out.println(
        "BM25 looks for the words; the passages use others. A small LLaMA, trained by rankspark train on");
    out.println("other questions, reranks them.");
    out.println();
    List<String> prepare =
        List.of(
            "prepare",
            "--queries",
            file("data/queries.tsv"),
            "--corpus",
            file("data/corpus.jsonl"),
            "--retrieval-results",
            file("data/run.trec"),
            "--depth",
            "50",
            "--output-path",
            file("rerank_input.jsonl"),
            "--overwrite");
    List<String> rerank =
        List.of(
            "rerank",
            "--model-name-or-path",
            file("model"),
            "--dataset-path",
            file("rerank_input.jsonl"),
            "--query-prefix",
            "query: ",
            "--passage-prefix",
            "document: ",
            "--rerank-max-len",
            "96",
            "--dtype",
            "float32",
            "--device",
            "cpu",
            "--rerank-output-path",
            file("run.reranked.txt"),
            "--trec-output-path",
            file("run.reranked.trec"),
            "--qrels",
            file("data/qrels.txt"),
            "--overwrite");
    return SparkSessions.with(
        "demo",
        // So little data is sorted while another task would only be started.
        Map.of("spark.sql.shuffle.partitions", "2"),
        spark -> {
          for (List<String> command : List.of(prepare, rerank)) {
            int code = run(command);
            if (code != 0) {
              return code;
            }
          }
          DemoQueries queries = queries();
          out.println(queries.bestAndWorst());
          out.println(queries.summary());
          return 0;
        });
  }

  private DemoQueries queries() {
    Configuration hadoop = HadoopSettings.ofDriver();
    try {
      return new DemoQueries(
          folder.resolve("rerank_input.jsonl"),
          Qrels.read(file("data/qrels.txt"), hadoop),
          Run.read(file("data/run.trec"), hadoop),
          Run.read(file("run.reranked.trec"), hadoop));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Prints a command and runs it as a user would, in this process. */
  private int run(List<String> command) {
    PrintWriter out = spec.commandLine().getOut();
    out.println("$ bin/rankspark " + shell(command));
    out.flush();
    CommandLine root = spec.commandLine().getParent();
    int code =
        root.getSubcommands()
            .get(command.get(0))
            .execute(command.subList(1, command.size()).toArray(String[]::new));
    out.println();
    return code;
  }

  private static String shell(List<String> command) {
    StringBuilder line = new StringBuilder();
    for (String word : command) {
      boolean option = word.startsWith("--");
      line.append(line.isEmpty() ? "" : option ? " \\\n    " : " ");
      line.append(word.matches("[\\w./=-]+") ? word : "\"" + word + "\"");
    }
    return line.toString();
  }

  private String file(String name) {
    return folder.resolve(name).toString();
  }

  private void unpack() {
    for (String name : FILES) {
      Path target = folder.resolve(name);
      try (InputStream in = DemoCommand.class.getResourceAsStream("demo/" + name)) {
        Files.createDirectories(target.getParent());
        Files.copy(in, target, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw new InputException("--output-dir: " + folder + " cannot be written: " + e, e);
      }
    }
  }
}
