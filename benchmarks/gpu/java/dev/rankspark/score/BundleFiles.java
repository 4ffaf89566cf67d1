package dev.rankspark.score;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rankspark.checkpoint.ModelDirectory;
import dev.rankspark.model.PackedTexts;
import dev.rankspark.model.ProgramFiles;
import dev.rankspark.model.TrainBatch;
import dev.rankspark.prompt.PairEncoder;
import dev.rankspark.prompt.PairTokens;
import dev.rankspark.prompt.PairText;
import dev.rankspark.prompt.Pooling;
import dev.rankspark.prompt.PromptOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;

/**
 * Writes what the Python stages need of the product: its programs, the token ids of pairs, how they
 * are packed for several sizes of a batch, and training batches. Arguments: tokenizer directory,
 * rerank input, training data, output folder, pairs.
 */
public final class BundleFiles {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int RERANK_LENGTH = 196;
  private static final int TRAIN_LENGTH = 128;
  private static final int GROUP = 8;
  private static final int GROUPS = 2;
  private static final int STEPS = 3;
  private static final int[] BUDGETS = {4_096, 8_192, 16_384, 32_768, 65_536};

  /** More than any batch has. */
  private static final int ANY_ROWS = 1 << 20;

  private BundleFiles() {}

  public static void main(String[] args) throws IOException {
    Path out = Path.of(args[3]);
    ProgramFiles.write(out.resolve("programs"));
    Files.createDirectories(out.resolve("data"));
    List<long[]> texts = pairs(args[0], Path.of(args[1]), Integer.parseInt(args[4]));
    writeTexts(texts, out.resolve("data/texts.bin.gz"));
    writePlan(texts, ScoreOptions.DEFAULT_BATCH_ROWS, 32_768, "default", out);
    for (int budget : BUDGETS) {
      writePlan(texts, ANY_ROWS, budget, Integer.toString(budget), out);
    }
    writeTraining(args[0], Path.of(args[2]), out.resolve("data/train.json.gz"));
  }

  private static PairEncoder encoder(String tokenizer, int length) {
    return PairEncoder.load(
        ModelDirectory.open(tokenizer, new Configuration()),
        new PromptOptions("query: ", "document: ", length, /* appendEos= */ false),
        Pooling.LAST_BEFORE_PADDING);
  }

  private static List<JsonNode> items(Path file, int most) throws IOException {
    List<JsonNode> items = new ArrayList<>();
    try (InputStream bytes = Files.newInputStream(file);
        InputStream in = file.toString().endsWith(".gz") ? new GZIPInputStream(bytes) : bytes;
        BufferedReader lines =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      for (String line; items.size() < most && (line = lines.readLine()) != null; ) {
        items.add(JSON.readTree(line));
      }
    }
    return items;
  }

  private static List<long[]> pairs(String tokenizer, Path file, int most) throws IOException {
    PairText template = new PairText("query: ", "document: ");
    List<String> texts = new ArrayList<>();
    for (JsonNode item : items(file, most)) {
      texts.add(text(template, item.path("query").asText(), item));
    }
    return encoded(tokenizer, RERANK_LENGTH, texts);
  }

  private static String text(PairText template, String query, JsonNode passage) {
    return template.format(
        query, passage.path("title").asText(""), passage.path("text").asText(""));
  }

  private static List<long[]> encoded(String tokenizer, int length, List<String> texts) {
    try (PairEncoder encoder = encoder(tokenizer, length)) {
      return encoder.encode(texts).stream().map(PairTokens::ids).toList();
    }
  }

  /** How many, their lengths, their ids: 32-bit numbers, the least byte first. */
  private static void writeTexts(List<long[]> texts, Path file) throws IOException {
    int size = 1 + texts.size() + texts.stream().mapToInt(text -> text.length).sum();
    ByteBuffer bytes = ByteBuffer.allocate(4 * size).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(texts.size());
    texts.forEach(text -> bytes.putInt(text.length));
    for (long[] text : texts) {
      for (long id : text) {
        bytes.putInt((int) id);
      }
    }
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      out.write(bytes.array());
    }
  }

  /** The batches of the chunks that {@link ScorePipeline} makes for so many tokens. */
  private static void writePlan(
      List<long[]> texts, int rows, int budget, String name, Path folder) throws IOException {
    int chunk = Math.max(128, (int) Math.min(budget / 16, 2L * rows));
    List<Map<String, Object>> batches = new ArrayList<>();
    for (int from = 0; from < texts.size(); from += chunk) {
      List<long[]> part = texts.subList(from, Math.min(from + chunk, texts.size()));
      int first = from;
      for (BatchPlan.Batch batch : BatchPlan.plan(part, rows, budget).batches()) {
        Map<String, Object> written = new LinkedHashMap<>();
        written.put("tokens", batch.tokens());
        written.put("crc", crc(BatchPlan.packed(batch, part)));
        written.put(
            "groups",
            batch.groups().stream()
                .map(
                    group ->
                        List.of(
                            group.prefix(),
                            Stream.of(group.texts())
                                .flatMapToInt(java.util.Arrays::stream)
                                .map(text -> text + first)
                                .toArray()))
                .toList());
        batches.add(written);
      }
    }
    write(batches, folder.resolve("data/plan-" + name + ".json.gz"));
  }

  /** By which Python's packing is known to be Java's. */
  private static long crc(PackedTexts packed) {
    CRC32 crc = new CRC32();
    Map<String, Object> arguments = ProgramFiles.arguments(packed);
    for (String name : new TreeSet<>(arguments.keySet())) {
      long[] numbers = (long[]) arguments.get(name);
      ByteBuffer bytes = ByteBuffer.allocate(8 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.asLongBuffer().put(numbers);
      crc.update(bytes.array());
    }
    return crc.getValue();
  }

  private static void writeTraining(String tokenizer, Path file, Path out) throws IOException {
    PairText template = new PairText("query: ", "document: ");
    List<TrainBatch.Group> groups = new ArrayList<>();
    for (JsonNode item : items(file, 20 * STEPS * GROUPS)) {
      List<String> texts = new ArrayList<>();
      String query = item.path("query").asText();
      texts.add(text(template, query, item.path("positive_passages").path(0)));
      for (JsonNode passage : item.path("negative_passages")) {
        if (texts.size() < GROUP) {
          texts.add(text(template, query, passage));
        }
      }
      if (texts.size() == GROUP && groups.size() < STEPS * GROUPS) {
        groups.add(new TrainBatch.Group(encoded(tokenizer, TRAIN_LENGTH, texts), groups.size()));
      }
    }
    if (groups.size() < GROUPS) {
      throw new IOException(file + ": expected " + GROUPS + " groups of " + GROUP + " passages");
    }
    List<Map<String, Object>> batches = new ArrayList<>();
    for (int from = 0; from + GROUPS <= groups.size(); from += GROUPS) {
      batches.add(ProgramFiles.arguments(TrainBatch.pack(groups.subList(from, from + GROUPS))));
    }
    write(batches, out);
  }

  private static void write(Object value, Path file) throws IOException {
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      JSON.writeValue(out, value);
    }
  }
}
