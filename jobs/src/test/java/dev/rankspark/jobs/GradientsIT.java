package dev.rankspark.jobs;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The training program's gradients against automatic differentiation by the reference's libraries.
 */
@Tag("python")
class GradientsIT {
  @TempDir private Path logs;

  @Test
  void theHandWrittenBackwardPassIsTheDerivative() throws Exception {
    System.out.print(
        PythonIT.run(
            logs,
            Map.of(),
            PythonIT.PYTHON.resolve("bin/python").toString(),
            PythonIT.HOME.resolve("reference/gradients.py").toString(),
            PythonIT.HOME.resolve("pipeline/src/main/resources/dev/rankspark/model").toString()));
  }
}
