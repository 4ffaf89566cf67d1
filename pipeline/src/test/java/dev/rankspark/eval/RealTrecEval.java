package dev.rankspark.eval;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import uk.ac.gla.terrier.jtreceval.trec_eval;

/**
 * NIST's own trec_eval 9.0.4, the binary in jtreceval's jar. It is started here because jtreceval
 * hands out its output in words, and the blanks between them are ours to get right, too.
 */
final class RealTrecEval extends trec_eval {
  private final Path binary;

  /**
   * @param folder takes the binary
   */
  RealTrecEval(Path folder) throws IOException {
    binary = folder.resolve("trec_eval");
    try (InputStream packed = trec_eval.class.getResourceAsStream("/" + getExecName())) {
      Files.copy(packed, binary);
    }
    if (!binary.toFile().setExecutable(true)) {
      throw new IOException("cannot make executable: " + binary);
    }
  }

  /** Exit status and standard output; of a signal, 128 and its number. */
  record Answer(int exit, String output) {}

  Answer run(Path qrels, Path run, List<String> options) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(binary.toString());
    command.addAll(options);
    command.add(qrels.toString());
    command.add(run.toString());
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String output;
    try (InputStream stdout = process.getInputStream()) {
      output = new String(stdout.readAllBytes(), StandardCharsets.UTF_8);
    }
    return new Answer(process.waitFor(), output);
  }
}
