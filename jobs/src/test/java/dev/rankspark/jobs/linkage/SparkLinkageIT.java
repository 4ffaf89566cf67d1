package dev.rankspark.jobs.linkage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rankspark.jobs.cluster.SparkHome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The jar is compiled against one Spark and has to link against others, of Scala 2.13 too: every
 * class, method and field that it asks for is looked up in their jars.
 */
class SparkLinkageIT {
  private static final Path HOME = Path.of(System.getProperty("rankspark.home"));

  private static final Path JAR = HOME.resolve("jobs/target/rankspark.jar");

  /** The build fetches of these what is looked up, no more. */
  @ParameterizedTest
  @ValueSource(strings = {"3.5-scala-2.13", "4.0.4", "4.1.3", "4.2.0"})
  void theJarFindsInMavensSparksAllThatItAsksFor(String name) throws IOException {
    assertLinks(HOME.resolve("spark/target/linkage").resolve(name), SparkLinkageIT::isOfSpark);
  }

  @Test
  void theJarFindsInTheSparkOfTheBuildAllThatItAsksFor() throws IOException {
    assertLinks(SparkHome.ofTheBuild().folder().resolve("jars"), name -> true);
  }

  /** What those bring with them too: JSON, logging, Parquet. */
  @Tag("python")
  @Tag("matrix")
  @ParameterizedTest
  @MethodSource("dev.rankspark.jobs.SparksIT#sparks")
  void theJarFindsInPypisSparksAllThatItAsksFor(String name) throws IOException {
    assertLinks(SparkHome.ofPypi(name).folder().resolve("jars"), any -> true);
  }

  private static void assertLinks(Path spark, Predicate<String> asked) throws IOException {
    try (var files = Files.list(spark)) {
      List<Path> jars = files.filter(file -> file.toString().endsWith(".jar")).toList();
      Linkage.Result result =
          Linkage.of(JAR, name -> isOurs(name) && isFor(name, jars), jars, asked);
      assertThat(result.missing()).isEmpty();
      // or else it was not the jar that was looked at
      assertThat(result.references()).isGreaterThan(1_000);
    }
  }

  private static boolean isOurs(String name) {
    return name.startsWith("dev/rankspark/") && !name.startsWith("dev/rankspark/shaded/");
  }

  /** Catalyst's classes are there for each Scala; the stages are for Sparks that have spark.ml. */
  private static boolean isFor(String name, List<Path> jars) {
    if (name.startsWith("dev/rankspark/udfs/ml/")) {
      return has(jars, "spark-mllib_");
    }
    boolean isOfOlderScala = name.startsWith("dev/rankspark/catalyst/");
    boolean isOfNewerScala = name.startsWith("dev/rankspark/catalyst213/");
    return has(jars, "scala-library-2.13.") ? !isOfOlderScala : !isOfNewerScala;
  }

  private static boolean has(List<Path> jars, String name) {
    return jars.stream().anyMatch(jar -> jar.getFileName().toString().startsWith(name));
  }

  private static boolean isOfSpark(String name) {
    return name.startsWith("org/apache/spark/")
        || name.startsWith("org/apache/hadoop/")
        || name.startsWith("scala/");
  }
}
