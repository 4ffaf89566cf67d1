package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.io.FileUtils;
import org.junit.jupiter.api.Test;

/** A training that cannot be, or cannot go on: one line, and nothing broken is left. */
class RefusedTrainingTest extends TrainingTest {
  @Test
  void wrongInputIsOneLine() throws IOException {
    List<String> lines = new ArrayList<>(Files.readAllLines(dataset));
    lines.set(
        2,
        lines
            .get(2)
            .replaceFirst(
                "\"positive_passages\":\\[.*\\],\"negative",
                "\"positive_passages\":[],\"negative"));
    Path bad = Files.write(folder.resolve("bad.jsonl"), lines);
    assertFails(Main.INPUT, Cli.run(TrainingFiles.train(bad, output)), bad + ":3: ");
    Path empty = Files.createFile(folder.resolve("empty.jsonl"));
    assertFails(Main.INPUT, Cli.run(TrainingFiles.train(empty, output)), "has no lines");
    assertFails(
        Main.DEVICE,
        train("--workers", "3"),
        "--workers 3: this Spark (local[2]) runs 2 tasks at once");
    assertFails(Main.USAGE, train("--save-steps", "1.5"), "a whole number from 1 on");
    assertFails(Main.USAGE, train("--adam-beta2", "1"), "--adam-beta2: expected 0 or more");
    assertFails(Main.USAGE, train("--ddp-timeout", "0"), "--ddp-timeout: expected at least 1");
    assertFails(Main.USAGE, train("--lora-target-modules", "q_proj,lm_head"), "got \"lm_head\"");
    assertFails(Main.USAGE, train("--reranker-model-type", "backbone"), "not trained here");
    assertFails(Main.INPUT, train("--resume-from-checkpoint", "true"), "has no whole checkpoint");
    assertThat(output).doesNotExist();
  }

  @Test
  void aLossThatIsNoNumberNamesStepAndQueryAndKeepsTheLastGoodCheckpoint() {
    Cli.Result result =
        train("--learning-rate", "1e30", "--save-steps", "1", "--max-grad-norm", "0");

    assertThat(result.exitCode()).isEqualTo(Main.INPUT);
    assertThat(result.lastLine())
        .matches(
            "rankspark: step \\d: the (loss of query|gradient's norm) .* saved of this step.*");
    assertThat(names(output)).doesNotContain("adapter_model.safetensors").contains("checkpoint-1");
  }

  /** Where the gradient is 0, as that of A in the first step, 0 is divided by it. */
  @Test
  void aWeightThatIsNoNumberIsNotSaved() {
    assertFails(
        Main.INPUT,
        train("--adam-epsilon", "0", "--save-steps", "1"),
        "step 1: a trained weight is NaN; nothing was saved of this step");
    assertThat(names(output)).containsExactly("trainer_log.jsonl");
  }

  @Test
  void aModelWithAWeightThatIsNoNumberIsNotTrained() throws IOException {
    Path base = folder.resolve("base");
    FileUtils.copyDirectory(Path.of(Cli.reference("base")).toFile(), base.toFile());
    Path weights = base.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(weights);
    Arrays.fill(bytes, bytes.length - 64, bytes.length, (byte) 0xff); // NaN in every format
    Files.write(weights, bytes);
    List<String> command = TrainingFiles.train(dataset, output);
    command.remove("--lora");
    command.set(command.indexOf("--model-name-or-path") + 1, base.toString());

    assertFails(Main.INPUT, Cli.run(command), "a weight is NaN before step 1");
    assertThat(output).doesNotExist();
  }

  @Test
  void aDiskThatIsFullStopsAllWorkersByItsOwnMessage() {
    FaultyFileSystem.install(
        Cli.startSpark().sparkContext().hadoopConfiguration(), 1 << 20, "checkpoint-6");
    Cli.Result result =
        Cli.run(TrainingFiles.train(dataset, Path.of("faulty:" + output)), "--workers", "2");
    assertFails(Main.INPUT, result, "checkpoint-6 cannot be written");
    assertThat(names(output)).contains("checkpoint-3").doesNotContain("checkpoint-6");
  }

  /** The second worker's: the others must not wait for its scores. */
  @Test
  void aPairThatCannotBeEvaluatedStopsAllWorkersByItsOwnMessage() throws IOException {
    Path tokenizer = tokenizerBeyondTheVocabulary();
    Path evaluated = folder.resolve("evaluated.jsonl");
    Files.copy(Path.of(Cli.reference("expected/rerank_input.jsonl")), evaluated);
    Files.writeString(
        evaluated,
        "{\"query_id\": \"1005\", \"query\": \"beyond\", \"docid\": \"b\", \"title\": \"\","
            + " \"text\": \"\u00a7\", \"score\": 0}\n",
        StandardOpenOption.APPEND);

    Cli.Result result =
        train(
            "--workers",
            "2",
            "--tokenizer-name",
            tokenizer.toString(),
            "--eval-dataset-path",
            evaluated.toString(),
            "--eval-qrels",
            Cli.reference("data/qrels.txt"),
            "--eval-steps",
            "2");

    assertFails(
        Main.INPUT,
        result,
        "token id 1200 is not in the model's vocabulary of 1200: the tokenizer");
    assertThat(names(output)).doesNotContain("adapter_model.safetensors");
  }

  /** One that knows a sign that the model does not. */
  private Path tokenizerBeyondTheVocabulary() throws IOException {
    Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
    for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
      Files.copy(Path.of(Cli.reference("base/" + name)), tokenizer.resolve(name));
    }
    JsonNode json = JSON.readTree(tokenizer.resolve("tokenizer.json").toFile());
    ((ArrayNode) json.path("added_tokens"))
        .addObject()
        .put("id", 1200)
        .put("content", "\u00a7")
        .put("single_word", false)
        .put("lstrip", false)
        .put("rstrip", false)
        .put("normalized", false)
        .put("special", false);
    JSON.writeValue(tokenizer.resolve("tokenizer.json").toFile(), json);
    return tokenizer;
  }

  /** The first worker that reads such a text says so, long after the folder was made. */
  @Test
  void aTrainingThatWritesNothingLeavesNoFolder() throws IOException {
    Path here = Files.createDirectory(folder.resolve("here"));
    Path output = here.resolve("not/yet");
    List<String> beyond = List.of("--tokenizer-name", tokenizerBeyondTheVocabulary().toString());
    Path set = folder.resolve("beyond.jsonl");
    Files.writeString(set, Files.readString(dataset).replace("\"query\":\"", "\"query\":\"\u00a7"));

    assertFails(
        Main.INPUT,
        Cli.run(TrainingFiles.train(set, output), beyond.toArray(String[]::new)),
        "token id 1200 is not in the model's vocabulary");
    assertThat(names(here)).isEmpty();

    Files.createDirectories(output);
    assertFails(
        Main.INPUT,
        Cli.run(TrainingFiles.train(set, output), beyond.toArray(String[]::new)),
        "token id 1200 is not in the model's vocabulary");
    assertThat(output).as("was there before").isEmptyDirectory();
  }

  @Test
  void judgementsThatCannotBeReadAreRefusedBeforeAnythingIsOverwritten() throws IOException {
    assertSucceeds(train());
    Path qrels = Files.writeString(folder.resolve("qrels.txt"), "no judgement\n");

    assertFails(
        Main.INPUT,
        train(
            "--overwrite-output-dir",
            "--eval-dataset-path",
            Cli.reference("expected/rerank_input.jsonl"),
            "--eval-qrels",
            qrels.toString()),
        qrels + ":1: ");
    assertThat(names(output)).contains("checkpoint-3");
  }

  @Test
  void whatIsReadIsNotOverwritten() {
    assertSucceeds(train());
    String adapter = output.resolve("checkpoint-3").toString();
    assertFails(
        Main.INPUT,
        train("--lora-name-or-path", adapter, "--overwrite-output-dir"),
        output + " holds " + adapter + ", which is read");
    assertThat(names(output)).contains("checkpoint-3");
  }

  @Test
  void anAdapterOfAnotherModelIsNotTrainedOn() {
    assertSucceeds(train("--max-steps", "1"));
    List<String> other = new ArrayList<>(TrainingFiles.train(dataset, folder.resolve("other")));
    other.set(other.indexOf(Cli.reference("base")), Cli.reference("mistral"));
    assertFails(
        Main.INPUT,
        Cli.run(other, "--lora-name-or-path", output.toString()),
        "does not fit " + Cli.reference("mistral"));
  }

  @Test
  void aDirectoryOfSomethingElseIsLeftAlone() throws IOException {
    Files.createDirectories(output);
    Files.writeString(output.resolve("thesis.tex"), "");
    assertFails(Main.INPUT, train("--overwrite-output-dir"), "thesis.tex");
    assertThat(names(output)).containsExactly("thesis.tex");
  }
}
