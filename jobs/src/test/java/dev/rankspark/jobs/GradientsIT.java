package dev.rankspark.jobs;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The training program's gradients against automatic differentiation by the reference's libraries.
 */
@Tag("python")
class GradientsIT {
  @TempDir private Path logs;

  @Test
  void theHandWrittenBackwardPassIsTheDerivative() throws Exception {
    gradients(Map.of(), "llama", "llama-bias");
  }

  @ParameterizedTest
  @ValueSource(strings = {"python4", "python5"})
  void soItIsOfHeadNormsOfBiasesAndOfWindows(String python) throws Exception {
    String folder = PythonIT.PYTHON.resolveSibling(python).toString();
    gradients(Map.of("PYTHONPATH", folder), "qwen2", "qwen3", "qwen2-window", "qwen3-bias-window");
  }

  private void gradients(Map<String, String> environment, String... families) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                PythonIT.PYTHON.resolve("bin/python").toString(),
                PythonIT.HOME.resolve("reference/gradients.py").toString(),
                PythonIT.HOME
                    .resolve("pipeline/src/main/resources/dev/rankspark/model")
                    .toString()));
    command.addAll(List.of(families));
    System.out.print(PythonIT.run(logs, environment, command.toArray(String[]::new)));
  }
}
