package dev.rankspark.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Prefixes in French and Russian without a UTF-8 locale, against what the reference computed. */
@Tag("conformance")
class ReportedLocaleIT {
  private static final Path REPORTS =
      Path.of(System.getProperty("rankspark.shared")).resolve("reports");

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"C", "POSIX", "xx_XX.UTF-8", ""})
  void prefixesAndPathsAreReadAsUtf8(String locale) throws Exception {
    Path here = Files.createDirectory(folder.resolve("donn\u00e9es"));
    Files.copy(REPORTS.resolve("locale/in.jsonl"), here.resolve("entr\u00e9e.jsonl"));

    Cli.Result result =
        Launched.run(
            here,
            Map.of("LC_ALL", locale, "LANG", "", "LC_CTYPE", ""),
            List.of(
                Launched.LAUNCHER,
                "rerank",
                "--model-name-or-path",
                Cli.reference("mistral"),
                "--query-prefix",
                "requ\u00eate: ",
                "--passage-prefix",
                "\u0434\u043e\u043a\u0443\u043c\u0435\u043d\u0442: ",
                "--dataset-path",
                "entr\u00e9e.jsonl",
                "--rerank-max-len",
                "196",
                "--dtype",
                "float32",
                "--rerank-output-path",
                "sorties/\u00e9t\u00e9.txt"));

    assertThat(result.exitCode()).as(result.err()).isZero();
    List<String> expected = Files.readAllLines(REPORTS.resolve("expected/locale.txt"));
    List<String> run = Files.readAllLines(here.resolve("sorties/\u00e9t\u00e9.txt"));
    assertThat(run).hasSameSizeAs(expected);
    for (int i = 0; i < run.size(); i++) {
      String[] right = expected.get(i).split("\t");
      String[] got = run.get(i).split("\t");
      assertThat(got[1]).isEqualTo(right[1]);
      assertThat(Float.parseFloat(got[2]))
          .as(run.get(i))
          .isCloseTo(Float.parseFloat(right[2]), Offset.offset(1e-4f));
    }
  }
}
