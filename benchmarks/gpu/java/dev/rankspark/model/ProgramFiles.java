package dev.rankspark.model;

import ai.djl.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/** What a bundle for a GPU machine takes from this package: its programs and training batches. */
public final class ProgramFiles {
  private ProgramFiles() {}

  /** Writes the programs as the product gives them to a GPU. */
  public static void write(Path folder) throws IOException {
    Files.createDirectories(folder);
    for (String name : List.of("Decoder", "Trainer", "Products")) {
      Files.write(folder.resolve(name.toLowerCase() + ".pt"), Program.archive(name, Device.gpu()));
    }
  }

  /** A batch by the names that the program's {@code embed} and {@code batch} give its parts. */
  public static Map<String, Object> arguments(PackedTexts batch) {
    List<PackedTexts.Prefix> prefixes = batch.prefixes();
    List<PackedTexts.Block> blocks = batch.blocks();
    return Map.ofEntries(
        Map.entry("ids", batch.ids()),
        Map.entry("positions", batch.positions()),
        Map.entry("ends", batch.ends()),
        Map.entry("prefix_rows", each(prefixes, PackedTexts.Prefix::row)),
        Map.entry("prefix_lengths", each(prefixes, PackedTexts.Prefix::length)),
        Map.entry("block_texts", each(blocks, PackedTexts.Block::text)),
        Map.entry("block_counts", each(blocks, PackedTexts.Block::texts)),
        Map.entry("block_rows", each(blocks, PackedTexts.Block::row)),
        Map.entry("block_lengths", each(blocks, PackedTexts.Block::length)),
        Map.entry("block_prefix_rows", each(blocks, block -> block.prefix().row())),
        Map.entry("block_prefix_lengths", each(blocks, block -> block.prefix().length())));
  }

  private static <T> long[] each(List<T> records, ToLongFunction<T> number) {
    return records.stream().mapToLong(number).toArray();
  }

  /** A training batch, likewise. */
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
        Map.entry("prefix_rows", each(texts.prefixes(), WholeTexts.Prefix::row)),
        Map.entry("prefix_lengths", each(texts.prefixes(), WholeTexts.Prefix::length)),
        Map.entry("prefix_texts", each(texts.prefixes(), WholeTexts.Prefix::text)),
        Map.entry("prefix_counts", each(texts.prefixes(), WholeTexts.Prefix::count)),
        Map.entry("order", batch.order()),
        Map.entry("token_bounds", batch.tokenBounds()),
        Map.entry("text_bounds", batch.textBounds()),
        Map.entry("seeds", batch.seeds()));
  }
}
