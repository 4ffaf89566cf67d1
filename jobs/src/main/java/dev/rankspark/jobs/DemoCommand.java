package dev.rankspark.jobs;

import dev.rankspark.InputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.Callable;
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
      "Shows the main job on fourteen queries that ship with the jar, on this machine.",
      "The model is tiny and untrained: the table shows that the job works, not that it helps."
    },
    footerHeading = "%nExample:%n",
    footer = "  rankspark demo")
final class DemoCommand implements Callable<Integer> {
  /** What the build packs from {@code reference/}, whose README says what it is. */
  private static final List<String> FILES =
      List.of(
          "data/queries.tsv",
          "data/corpus.jsonl",
          "data/run.trec",
          "data/qrels.txt",
          "base/config.json",
          "base/model.safetensors",
          "base/tokenizer.json",
          "base/tokenizer_config.json",
          "adapter/adapter_config.json",
          "adapter/adapter_model.safetensors");

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
        "Fourteen queries with a first-stage run of 20 candidates each, reranked by a tiny");
    out.println(
        "LLaMA with a LoRA adapter. The model is UNTRAINED (random weights), so the run gets");
    out.println("worse: this shows the job, not its worth.");
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
            "20",
            "--output-path",
            file("rerank_input.jsonl"),
            "--overwrite");
    List<String> rerank =
        List.of(
            "rerank",
            "--model-name-or-path",
            file("base"),
            "--lora-name-or-path",
            file("adapter"),
            "--dataset-path",
            file("rerank_input.jsonl"),
            "--query-prefix",
            "query: ",
            "--passage-prefix",
            "document: ",
            "--rerank-max-len",
            "196",
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
        spark -> {
          for (List<String> command : List.of(prepare, rerank)) {
            int code = run(command);
            if (code != 0) {
              return code;
            }
          }
          return 0;
        });
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
