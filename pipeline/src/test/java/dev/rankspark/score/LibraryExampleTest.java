package dev.rankspark.score;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of docs/library.md, as it stands there. */
class LibraryExampleTest {
  private static final Path PAGE = Path.of("..", "docs", "library.md");
  private static final Path REFERENCE = Path.of("..", "reference").toAbsolutePath().normalize();

  @TempDir private Path folder;

  @Test
  void theExampleCompilesAndScores() throws Exception {
    try (SparkSession spark =
        SparkSession.builder().master("local[2]").config("spark.ui.enabled", false).getOrCreate()) {
      String shown = run(spark, REFERENCE.resolve("adapter").toString());
      assertThat(shown).containsPattern("\\| *1\\| *-?\\d+\\.\\d+\\|");
      assertThat(shown).containsPattern("\\| *2\\| *-?\\d+\\.\\d+\\|");
    }
  }

  private String run(SparkSession spark, String model) throws Exception {
    String example = example();
    String imports = lines(example, true);
    Path source =
        Files.writeString(
            folder.resolve("Example.java"),
            imports
                + "\npublic final class Example {\n"
                + "public static void run(org.apache.spark.sql.SparkSession spark, String model) {\n"
                + lines(example, false)
                + "\n}}\n");
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    String classPath = System.getProperty("surefire.test.class.path", classPath());
    int code = compiler.run(null, said, said, "-cp", classPath, source.toString());
    assertThat(code).as(said.toString(StandardCharsets.UTF_8)).isZero();

    PrintStream out = System.out;
    ByteArrayOutputStream shown = new ByteArrayOutputStream();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
      System.setOut(new PrintStream(shown, true, StandardCharsets.UTF_8));
      loader
          .loadClass("Example")
          .getMethod("run", SparkSession.class, String.class)
          .invoke(null, spark, model);
    } finally {
      System.setOut(out);
    }
    return shown.toString(StandardCharsets.UTF_8);
  }

  private static String classPath() {
    return System.getProperty("java.class.path");
  }

  private static String lines(String example, boolean imports) {
    return example
        .lines()
        .filter(line -> line.startsWith("import ") == imports)
        .collect(Collectors.joining("\n"));
  }

  private static String example() throws IOException {
    Matcher block =
        Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(PAGE));
    assertThat(block.find()).isTrue();
    return block.group(1);
  }
}
