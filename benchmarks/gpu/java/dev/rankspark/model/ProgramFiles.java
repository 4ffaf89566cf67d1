package dev.rankspark.model;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What a bundle for a GPU machine takes from this package: its programs and training batches. */
public final class ProgramFiles {
  private ProgramFiles() {}

  /** Writes the programs as the product gives them to a GPU. */
  public static void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    for (String name : List.of("Llama", "Trainer", "Products")) {
      Files.write(folder.resolve(name.toLowerCase() + ".pt"), Program.archive(name, Device.gpu()));
    }
  }

  /** A training batch with the arguments of the program's {@code step}, by their names there. */
  public static Map<String, Object> arguments(TrainBatch batch) {
    WholeTexts texts = batch.texts();
    return Map.ofEntries(
        Map.entry("groups", batch.groups()),
        Map.entry("ids", texts.ids()),
        Map.entry("ends", texts.ends()),
        Map.entry("places", texts.places()),
        Map.entry("first_places", texts.firstPlaces()),
        Map.entry("inverse", texts.inverse()),
        Map.entry("lengths", texts.lengths()),
        Map.entry("prefix_rows", texts.prefixes().stream().map(WholeTexts.Prefix::row).toList()),
        Map.entry("prefix_lengths", texts.prefixes().stream().map(WholeTexts.Prefix::length).toList()),
        Map.entry("prefix_texts", texts.prefixes().stream().map(WholeTexts.Prefix::text).toList()),
        Map.entry("prefix_counts", texts.prefixes().stream().map(WholeTexts.Prefix::count).toList()),
        Map.entry("order", batch.order()),
        Map.entry("token_bounds", batch.tokenBounds()),
        Map.entry("text_bounds", batch.textBounds()),
        Map.entry("seeds", batch.seeds()));
  }
}
