package dev.rankspark.reranker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rankspark.OptionException;
import dev.rankspark.prompt.ByteTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The publishers' prompts, byte for byte, and whose they are. */
class PublishedPromptTest {
  @TempDir private Path folder;

  @BeforeEach
  void write() throws IOException {
    ByteTokenizer.write(folder);
  }

  @Test
  void qwen3Rerankers() {
    assertThat(seen(PublishedPrompt.QWEN3_RERANKER, Optional.empty()))
        .isEqualTo(
            """
            <|im_start|>system
            Judge whether the Document meets the requirements based on the Query and the Instruct provided. Note that the answer can only be "yes" or "no".<|im_end|>
            <|im_start|>user
            <Instruct>: Given a web search query, retrieve relevant passages that answer the query
            <Query>:  which: river
            <Document>: The Danube 1 is long.<|im_end|>
            <|im_start|>assistant
            <think>

            </think>

            """);
    assertThat(seen(PublishedPrompt.QWEN3_RERANKER, Optional.of("Be kind")))
        .contains("\n<Instruct>: Be kind\n<Query>:  which");
    assertThat(seen(PublishedPrompt.QWEN3_RERANKER, Optional.of("")))
        .contains("\n<Instruct>: \n<Query>:  which");
  }

  @Test
  void mxbaiRerankV2s() {
    assertThat(seen(PublishedPrompt.MXBAI_RERANK_V2, Optional.empty()))
        .isEqualTo(
            """
            <|im_start|>system
            You are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>
            <|im_start|>user
            query:  which: river
            document: The Danube 1 is long.
            You are a search relevance expert who evaluates how well documents match search queries. For each query-document pair, carefully analyze the semantic relationship between them, then provide your binary relevance judgment (0 for not relevant, 1 for relevant).
            Relevance:<|im_end|>
            <|im_start|>assistant
            """);
    assertThat(seen(PublishedPrompt.MXBAI_RERANK_V2, Optional.of("Be kind")))
        .contains("<|im_start|>user\ninstruction: Be kind\nquery:  which: river\ndocument: ");
  }

  @Test
  void zerank1s() {
    assertThat(seen(PublishedPrompt.ZERANK_1, Optional.empty()))
        .isEqualTo(
            """
            <|im_start|>system
            which: river<|im_end|>
            <|im_start|>user
            The Danube 1 is long.<|im_end|>
            <|im_start|>assistant
            """);
    assertThatThrownBy(() -> seen(PublishedPrompt.ZERANK_1, Optional.of("Be kind")))
        .isInstanceOf(OptionException.class)
        .hasMessage("--instruction: the prompt zerank-1 has none");
  }

  private String seen(PublishedPrompt published, Optional<String> instruction) {
    return ByteTokenizer.seen(
        folder,
        published.prompt(instruction, 4_000, 5_000),
        " which: river",
        "The Danube",
        "1 is long.");
  }

  @ParameterizedTest
  @CsvSource({
    "qwen3-reranker, yes, no, 8192, SIGMOID",
    "mxbai-rerank-v2, 1, 0, 8192, IDENTITY",
    "zerank-1, Yes, , 16384, SIGMOID_OF_FIFTH"
  })
  void wordsMaximumAndScoreArePublishedToo(
      String title, String trueWord, String falseWord, int length, Activation activation) {
    PublishedPrompt published = PublishedPrompt.of(title);
    assertThat(published.title()).isEqualTo(title);
    assertThat(published.trueWord()).isEqualTo(trueWord);
    assertThat(published.falseWord()).isEqualTo(Optional.ofNullable(falseWord));
    assertThat(published.defaultLength()).isEqualTo(length);
    assertThat(published.activation()).isEqualTo(activation);
  }

  @ParameterizedTest
  @CsvSource({
    "/models/Qwen3-Reranker-8B, QWEN3_RERANKER",
    "/models/Qwen3-Reranker-8B//, QWEN3_RERANKER",
    "Qwen3-Reranker-0.6B-seq-cls, QWEN3_RERANKER",
    "mxbai-rerank-large-v2, MXBAI_RERANK_V2",
    "zerank-1-small, ZERANK_1",
    "zerank-2-reranker, ZERANK_1",
    "/models/my-Qwen3-Reranker-8B, ",
    "/Qwen3-Reranker-8B/best, ",
    "/models/Qwen3-Reranker-8B-tuned, ",
    "/models/Qwen3-8B, ",
    "'', ",
    "/, ",
    "/hub/models--Qwen--Qwen3-Reranker-4B/snapshots/0123456789012345678901234567890123456789, QWEN3_RERANKER",
    "/hub/models--me--Qwen3-Reranker-4B/snapshots/0123456789012345678901234567890123456789, "
  })
  void aModelIsKnownByTheWholeOfItsName(String directory, PublishedPrompt published) {
    assertThat(PublishedPrompt.ofModel(directory)).isEqualTo(Optional.ofNullable(published));
  }
}
