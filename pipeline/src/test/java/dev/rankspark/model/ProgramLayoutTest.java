package dev.rankspark.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The programs' records have the names of Java's; that a call has them is {@link ProgramCall}'s.
 */
class ProgramLayoutTest {
  @Test
  void aBlockOfTextsIsTheSameOnBothSides() {
    List<String> names =
        Stream.concat(
                names(PackedTexts.Block.class).filter(name -> !name.equals("prefix")),
                names(PackedTexts.Prefix.class).map(name -> "prefix_" + name))
            .toList();

    assertThat(fields("decoder.py", "Block"))
        .containsExactlyElementsOf(
            Stream.concat(names.stream(), Stream.of("mask", "window_mask")).toList());
  }

  @Test
  void aTrainingBatchIsTheSameOnBothSides() {
    List<String> apart = List.of("texts", "prefixes", "groups", "order", "ids");
    List<String> names =
        Stream.of(
                names(WholeTexts.class),
                names(WholeTexts.Prefix.class).map(name -> "prefix_" + name + "s"),
                names(TrainBatch.class))
            .flatMap(all -> all)
            .filter(name -> !apart.contains(name))
            .toList();
    List<String> ofTheProgram =
        List.of(
            "cos",
            "sin",
            "sin_backward",
            "mask",
            "mask_of_ends",
            "window_mask",
            "window_mask_of_ends",
            "dropout");

    assertThat(fields("trainer.py", "Batch").stream().filter(name -> !ofTheProgram.contains(name)))
        .containsExactlyElementsOf(names);
  }

  @ParameterizedTest
  @ValueSource(strings = {"decoder.py", "trainer.py", "parts.py", "products.py"})
  void aProgramsLinesFitAWindow(String file) {
    assertThat(source(file).lines()).allMatch(line -> line.length() <= 120);
  }

  /** {@code first_places} of {@code firstPlaces}. */
  private static Stream<String> names(Class<? extends Record> type) {
    return Arrays.stream(type.getRecordComponents())
        .map(RecordComponent::getName)
        .map(name -> name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT));
  }

  private static List<String> fields(String file, String record) {
    String source = source(file);
    String body = source.substring(source.indexOf("class " + record + "(NamedTuple):"));
    return Pattern.compile("(?m)^  (\\w+) : ")
        .matcher(body.substring(0, body.indexOf("\nclass ")))
        .results()
        .map(field -> field.group(1))
        .toList();
  }

  private static String source(String file) {
    try (InputStream in = Program.class.getResourceAsStream(file)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
