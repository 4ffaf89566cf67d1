package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.files.Platform;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What is in the jar, and what is not: it runs beside Spark's own libraries of other versions. */
class PackagingIT {
  private static final Path JAR =
      Path.of(System.getProperty("rankspark.home"), "jobs/target/rankspark.jar");

  private static List<String> entries;

  @BeforeAll
  static void list() throws IOException {
    try (JarFile jar = new JarFile(JAR.toFile())) {
      entries = jar.stream().map(entry -> entry.getName()).toList();
      assertThat(jar.getManifest().getMainAttributes().getValue("Main-Class"))
          .isEqualTo(Main.class.getName());
    }
  }

  @Test
  void librariesThatSparkHasInOtherVersionsAreRelocated() {
    assertThat(entries)
        .noneMatch(name -> name.startsWith("com/google/gson/"))
        .noneMatch(name -> name.startsWith("org/apache/commons/"))
        .noneMatch(name -> name.startsWith("org/jline/"))
        .noneMatch(name -> name.startsWith("me/tongfei/"))
        .contains(
            "dev/rankspark/shaded/gson/JsonParser.class",
            "dev/rankspark/shaded/jline/utils/WCWidth.class",
            "dev/rankspark/shaded/progressbar/ProgressBar.class",
            "dev/rankspark/shaded/commons/compress/archivers/zip/ZipFile.class",
            "dev/rankspark/shaded/commons/io/build/AbstractStreamBuilder.class",
            "dev/rankspark/shaded/commons/lang3/ArrayFill.class");
  }

  @Test
  void sparkAndItsLoggingStayOut() {
    assertThat(entries)
        .noneMatch(name -> name.startsWith("org/apache/spark/"))
        .noneMatch(name -> name.startsWith("org/apache/hadoop/"))
        .noneMatch(name -> name.startsWith("org/slf4j/"))
        .noneMatch(name -> name.startsWith("scala/"))
        .noneMatch(name -> name.startsWith("com/fasterxml/"));
  }

  @Test
  void everyNativeLibraryIsThisPlatforms() throws IOException {
    NativeFormats.assertAllFor(Platform.here().name(), JAR);
  }

  @Test
  void theDemosDataIsInside() {
    assertThat(entries)
        .contains(
            "dev/rankspark/jobs/demo/data/run.trec",
            "dev/rankspark/jobs/demo/model/model.safetensors");
    assertThat(Files.exists(JAR)).isTrue();
  }
}
