package dev.rankspark.prompt;

import static dev.rankspark.prompt.ByteTokenizer.encode;
import static dev.rankspark.prompt.ByteTokenizer.seen;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model sees of a pair where it is long, by each kind of prompt. */
class PromptTest {
  private static final Path REFERENCE = Path.of("..", "reference").toAbsolutePath().normalize();
  private static final String LONG = "0123456789".repeat(100);

  /** Whatever the document, a prompt ends so. */
  private static final String TEMPLATE =
      "{% for m in messages %}<|im_start|>{{ m.role }}:{{ m.content }}{% endfor %}<|im_end|>\n\n";

  @TempDir private Path folder;

  @BeforeEach
  void write() throws IOException {
    ByteTokenizer.write(folder);
  }

  @Test
  void aFramesBodyIsCutAndItsEndsNever() {
    String whole = "<|im_start|>A<I>i<Q>q<D>title text<|im_end|>Z";
    int tokens = whole.length() - "<|im_start|><|im_end|>".length() + 2;
    assertThat(seen(folder, framed(tokens), "q", "title", "text")).isEqualTo(whole);
    assertThat(encode(folder, framed(tokens), "q", "title", "text").truncated()).isFalse();
    assertThat(seen(folder, framed(tokens - 1), "q", "title", "text"))
        .isEqualTo("<|im_start|>A<I>i<Q>q<D>title tex<|im_end|>Z");
    assertThat(encode(folder, framed(tokens - 1), "q", "title", "text").truncated()).isTrue();
    assertThat(seen(folder, framed(10), LONG, "", "text"))
        .isEqualTo("<|im_start|>A<I>i<Q<|im_end|>Z");
    assertThat(seen(folder, framed(5), "q", "", "text")).isEqualTo("<|im_start|>A<<|im_end|>Z");
  }

  @Test
  void withoutRoomForOneTokenOfAPairAFrameIsRefused() {
    assertRefused(
        framed(4), "--rerank-max-len: expected more than the 4 tokens of the prompt itself, got 4");
    assertThatThrownBy(() -> framed(0))
        .isInstanceOf(OptionException.class)
        .hasMessage("--rerank-max-len: expected at least 1 token, got 0");
  }

  private static FramedPrompt framed(int maxLength) {
    return new FramedPrompt("<|im_start|>A", "<I>", "<Q>", "<D>", "<|im_end|>Z", "i", maxLength);
  }

  @Test
  void mxbaiCutsAQueryAtThreeQuartersAndThenTheDocument() {
    MxbaiPrompt prompt = new MxbaiPrompt("", 100, 10_000);
    assertThat(seen(folder, prompt, LONG, "", LONG))
        .isEqualTo(mxbai("query: " + LONG.substring(0, 68), "document: 01234567890123"));
    assertThat(seen(folder, prompt, "q", "title", LONG))
        .isEqualTo(mxbai("query: q", "document: title " + LONG.substring(0, 75)));
    assertThat(seen(folder, prompt, LONG, "", ""))
        .isEqualTo(mxbai("query: " + LONG.substring(0, 68), "document: "));
    assertThat(encode(folder, prompt, LONG, "", "").truncated()).isTrue();
    assertThat(encode(folder, prompt, "q", "", "d").truncated()).isFalse();
  }

  @Test
  void mxbaisInstructionIsPartOfTheQuery() {
    assertThat(seen(folder, new MxbaiPrompt("judge", 100, 10_000), "q", "", "d"))
        .isEqualTo(mxbai("instruction: judge\nquery: q", "document: d"));
    assertThat(seen(folder, new MxbaiPrompt("judge", 20, 10_000), "q", "", "d"))
        .isEqualTo(mxbai("instruction: ju", "docu"));
  }

  /** The maximum does not count its fixed parts, the model's positions do. */
  @Test
  void mxbaiHasNoMoreThanTheModelsPositions() {
    int fixed = encode(folder, new MxbaiPrompt("", 4, 10_000), "q", "", "d").ids().length - 4;
    MxbaiPrompt prompt = new MxbaiPrompt("", Integer.MAX_VALUE, fixed + 40);
    assertThat(encode(folder, prompt, LONG, "", LONG).ids()).hasSize(fixed + 40);
    assertThat(seen(folder, prompt, LONG, "", LONG))
        .isEqualTo(mxbai("query: " + LONG.substring(0, 23), "document:"));
    assertThat(prompt.maxLength()).isEqualTo(fixed + 40);
    assertThat(new MxbaiPrompt("", Integer.MAX_VALUE, Integer.MAX_VALUE).maxLength())
        .isEqualTo(Integer.MAX_VALUE);
    assertThat(
            seen(folder, new MxbaiPrompt("", Integer.MAX_VALUE, Integer.MAX_VALUE), LONG, "", LONG))
        .isEqualTo(mxbai("query: " + LONG, "document: " + LONG));
    assertRefused(
        new MxbaiPrompt("", 100, fixed),
        "--rerank-max-len: expected more than the %1$d tokens of the prompt itself, got %1$d"
            .formatted(fixed));
  }

  private static String mxbai(String query, String document) {
    return MxbaiPrompt.BEFORE
        + query
        + MxbaiPrompt.SEPARATOR
        + document
        + MxbaiPrompt.SEPARATOR
        + MxbaiPrompt.TASK
        + MxbaiPrompt.AFTER;
  }

  @Test
  void ofATemplateWhatStandsBehindTheDocumentSurvives() {
    String whole = "<|im_start|>query:q<|im_start|>document:title text<|im_end|>\n";
    int tokens = encode(folder, whole(4000), "q", "title", "text").ids().length;
    assertThat(seen(folder, whole(tokens), "q", "title", "text")).isEqualTo(whole);
    assertThat(encode(folder, whole(tokens), "q", "title", "text").truncated()).isFalse();
    assertThat(seen(folder, whole(tokens - 2), "q", "title", "text"))
        .isEqualTo("<|im_start|>query:q<|im_start|>document:title te<|im_end|>\n");
    assertThat(encode(folder, whole(tokens - 2), "q", "title", "text").truncated()).isTrue();
    assertThat(seen(folder, whole(20), LONG, "", "text"))
        .isEqualTo("<|im_start|>query:01234567890<|im_end|>\n");
    assertRefused(
        whole(2), "--rerank-max-len: expected more than the 2 tokens of the prompt itself, got 2");
  }

  @Test
  void whatATemplateHasAlwaysIsNotItsEnd() {
    WholePrompt prompt = new WholePrompt(rendering("<|im_end|>", ""), false, 4);
    assertThat(seen(folder, prompt, "q", "", "d")).isEqualTo("<|im_end|>");
  }

  private static WholePrompt whole(int maxLength) {
    return new WholePrompt(rendering(TEMPLATE, ""), /* addSpecialTokens= */ false, maxLength);
  }

  private static TemplateRendering rendering(String template, String instruction) {
    return new TemplateRendering(template, "chat_template.jinja", instruction, Map.of());
  }

  @Test
  void anInstructionIsTheSystemsMessage() {
    assertThat(rendering(TEMPLATE, "judge").render("q", "d"))
        .isEqualTo("<|im_start|>system:judge<|im_start|>query:q<|im_start|>document:d<|im_end|>\n");
    assertThat(rendering(TEMPLATE, "judge")).isNotEqualTo(rendering(TEMPLATE, ""));
    assertThat(rendering(TEMPLATE, "judge")).isEqualTo(rendering(TEMPLATE, "judge"));
  }

  @Test
  void variablesOfATemplateAreToldApart() {
    assertThat(variables(Map.of("a", "x, b=y")))
        .isNotEqualTo(variables(Map.of("a", "x", "b", "y")));
    assertThat(variables(Map.of("a", "true"))).isNotEqualTo(variables(Map.of("a", true)));
  }

  private static Object variables(Map<String, Serializable> variables) {
    return new TemplateRendering("", "chat_template.jinja", "", variables).settings();
  }

  @Test
  void zerankCutsCharactersOfPythonAndStripsThem() {
    WholePrompt prompt = new WholePrompt(ZerankRendering.ZERANK_1, true, 100_000);
    String face = "\ud83d\ude00";
    assertThat(prompt.format().format("\u3000 q\n", "", face.repeat(10_001)))
        .isEqualTo(
            "<|im_start|>system\nq<|im_end|>\n<|im_start|>user\n"
                + face.repeat(10_000)
                + "<|im_end|>\n<|im_start|>assistant\n");
    assertThat(prompt.format().format("x".repeat(1_999) + " y", "", "d"))
        .startsWith("<|im_start|>system\n" + "x".repeat(1_999) + "<|im_end|>");
    assertThat(seen(folder, new WholePrompt(ZerankRendering.ZERANK_1, true, 60), "q", "", LONG))
        .startsWith("<|im_start|>system\nq<|im_end|>\n<|im_start|>user\n0123")
        .endsWith("<|im_end|>\n<|im_start|>assistant\n");
  }

  /** The longer one first, as the tokenizers library does it. */
  @Test
  void aPairIsCutByTheTokenizersTemplate() throws IOException {
    for (String name : List.of("tokenizer.json", "tokenizer_config.json", "config.json")) {
      Files.deleteIfExists(folder.resolve(name));
      Files.copy(REFERENCE.resolve("base").resolve(name), folder.resolve(name));
    }
    long[] ids = encode(folder, new PairPrompt("", 512), "the river", "a", "no river").ids();
    assertThat(ids[0]).isEqualTo(1);
    assertThat(Arrays.stream(ids).filter(id -> id == 1).count()).isEqualTo(2);
    assertThat(encode(folder, new PairPrompt("the ", 512), "river", "", "a no river").ids())
        .containsExactly(ids);
    PairTokens cut = encode(folder, new PairPrompt("", 6), "the river", "", "the ".repeat(50));
    assertThat(cut.ids()).hasSize(6);
    assertThat(cut.truncated()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, 0, 5})
  void aPairWithoutRoomIsRefused(int maxLength) {
    assertThatThrownBy(() -> new PairPrompt("", maxLength))
        .isInstanceOf(OptionException.class)
        .hasMessage("--rerank-max-len: expected at least 6 tokens, got %d", maxLength);
  }

  /** The recipes cut at the right; a tokenizer that cuts at the left is another recipe. */
  @Test
  void aTokenizerThatCutsAtTheLeftIsRefused() throws IOException {
    Path config = folder.resolve("tokenizer_config.json");
    Files.writeString(
        config, Files.readString(config).replaceFirst("\\{", "{\"truncation_side\": \"left\", "));
    for (Prompt prompt : List.of(framed(100), new MxbaiPrompt("", 100, 1000), whole(100))) {
      assertThatThrownBy(() -> seen(folder, prompt, "q", "", "d"))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("truncation_side \"left\" is not supported with this prompt");
    }
  }

  private void assertRefused(Prompt prompt, String message) {
    assertThatThrownBy(() -> seen(folder, prompt, "q", "", "d"))
        .isInstanceOf(OptionException.class)
        .hasMessage(message);
  }
}
