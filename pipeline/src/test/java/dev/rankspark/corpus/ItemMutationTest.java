package dev.rankspark.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.rankspark.InputException;
import dev.rankspark.mutation.Mutations;
import dev.rankspark.mutation.StrictJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.apache.spark.sql.Row;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Items of training sets made for other programs with random changes, as {@link Mutations} says.
 */
class ItemMutationTest {
  private static final ItemReader READER = new ItemReader(/* trainGroupSize= */ 8, false);

  int count() {
    return 500;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"query\": \"wer ist d\u00e4\", \"pos\": [\"er\", \"der\"], \"neg\": [\"sie\", \"es\"]}",
        "{\"anchor\": \"who\", \"positive\": \"he\", \"negative\": \"she\"}",
        "{\"query\": \"who\", \"positive\": \"he\", \"negative_2\": \"it\", \"negative_1\": \"she\"}"
      })
  void items(String line) {
    byte[] bytes = line.getBytes(StandardCharsets.UTF_8);
    Mutations.survive(
        "items",
        count(),
        mutation -> {
          String text = decoded(mutation.of(bytes));
          Row row = READER.row(0, JsonFields.parse(ItemMutationTest::wrong, text));

          JsonObject json = StrictJson.object(text);
          List<String> expected =
              new ArrayList<>(texts(json, json.has("pos") ? "pos" : "positive"));
          assertThat(row.getInt(3)).isEqualTo(expected.size());
          if (json.has("pos")) {
            expected.addAll(texts(json, "neg"));
          } else {
            var numbered = new TreeMap<Integer, List<String>>();
            for (String key : json.keySet()) {
              if (key.matches("negative(_\\d{1,9})?") && StrictJson.has(json, key)) {
                int number = key.equals("negative") ? -1 : Integer.parseInt(key.substring(9));
                numbered.computeIfAbsent(number, n -> new ArrayList<>()).addAll(texts(json, key));
              }
            }
            numbered.values().forEach(expected::addAll);
          }
          assertThat((Row[]) row.get(4))
              .extracting(passage -> passage.getString(2))
              .isEqualTo(expected);
          JsonElement query = json.get(StrictJson.has(json, "query") ? "query" : "anchor");
          if (query.getAsJsonPrimitive().isString()) { // numbers: TextMutationTest
            assertThat(row.getString(2)).isEqualTo(query.getAsString());
          }
        });
  }

  private static List<String> texts(JsonObject json, String key) {
    List<String> texts = new ArrayList<>();
    JsonElement value = json.get(key);
    if (value.isJsonArray()) {
      value.getAsJsonArray().forEach(element -> texts.add(string(element)));
    } else {
      texts.add(string(value));
    }
    return texts;
  }

  private static String string(JsonElement value) {
    assertThat(value.getAsJsonPrimitive().isString()).isTrue();
    return value.getAsString();
  }

  private static InputException wrong(String message) {
    return new InputException(message);
  }

  private static String decoded(byte[] line) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(line)).toString();
    } catch (CharacterCodingException e) {
      throw new InputException("not UTF-8", e);
    }
  }
}
