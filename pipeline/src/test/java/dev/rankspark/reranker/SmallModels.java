package dev.rankspark.reranker;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.checkpoint.SafetensorsBytes;
import dev.rankspark.prompt.ByteTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes models of a few weights, whose tokens are bytes. */
final class SmallModels {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int HIDDEN = 4;
  private static final int WIDTH = 8;

  private SmallModels() {}

  /** A causal model of Qwen3's kind, in a folder that is made. */
  static Path causal(Path folder) throws IOException {
    return write(folder, "lm_head.weight", ByteTokenizer.SIZE);
  }

  /** One with a head of its own. */
  static Path withHead(Path folder) throws IOException {
    return write(folder, "score.weight", 1);
  }

  private static Path write(Path folder, String head, int rows) throws IOException {
    Files.createDirectories(folder);
    ByteTokenizer.write(folder);
    Map<String, long[]> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", new long[] {ByteTokenizer.SIZE, HIDDEN});
    String layer = "model.layers.0.";
    for (String norm : new String[] {"input_layernorm", "post_attention_layernorm"}) {
      shapes.put(layer + norm + ".weight", new long[] {HIDDEN});
    }
    for (String product : new String[] {"q_proj", "k_proj", "v_proj", "o_proj"}) {
      shapes.put(layer + "self_attn." + product + ".weight", new long[] {HIDDEN, HIDDEN});
    }
    for (String norm : new String[] {"q_norm", "k_norm"}) {
      shapes.put(layer + "self_attn." + norm + ".weight", new long[] {2});
    }
    shapes.put(layer + "mlp.gate_proj.weight", new long[] {WIDTH, HIDDEN});
    shapes.put(layer + "mlp.up_proj.weight", new long[] {WIDTH, HIDDEN});
    shapes.put(layer + "mlp.down_proj.weight", new long[] {HIDDEN, WIDTH});
    shapes.put("model.norm.weight", new long[] {HIDDEN});
    shapes.put(head, new long[] {rows, HIDDEN});
    SafetensorsBytes weights = new SafetensorsBytes();
    shapes.forEach(weights::addFloats);
    Files.write(folder.resolve("model.safetensors"), weights.bytes());
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "qwen3", "architectures": ["%s"], "vocab_size": %d, "hidden_size": %d,
         "intermediate_size": %d, "num_hidden_layers": 1, "num_attention_heads": 2,
         "num_key_value_heads": 2, "head_dim": 2, "max_position_embeddings": 5000}
        """
            .formatted(
                rows == 1 ? "Qwen3ForSequenceClassification" : "Qwen3ForCausalLM",
                ByteTokenizer.SIZE,
                HIDDEN,
                WIDTH));
    return folder;
  }

  /** The files of sentence-transformers that make a causal model a reranker. */
  static Path withSentenceTransformers(Path model) throws IOException {
    Files.createDirectories(model.resolve("1_LogitScore"));
    Files.writeString(
        model.resolve("modules.json"),
        """
        [{"idx": 0, "name": "0", "path": "",
          "type": "sentence_transformers.base.modules.transformer.Transformer"},
         {"idx": 1, "name": "1", "path": "1_LogitScore",
          "type": "sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]
        """);
    Files.writeString(
        model.resolve("1_LogitScore/config.json"),
        """
        {"true_token_id": 257, "false_token_id": 258, "module_input_name": "causal_logits"}
        """);
    Files.writeString(
        model.resolve("config_sentence_transformers.json"),
        """
        {"model_type": "CrossEncoder", "prompts": {"query": "judge"}, "default_prompt_name": "query",
         "activation_fn": "torch.nn.modules.linear.Identity"}
        """);
    Files.writeString(
        model.resolve("sentence_bert_config.json"),
        """
        {"transformer_task": "text-generation",
         "modality_config": {"message": {"method": "forward", "method_output_name": "logits",
                                         "format": "flat"}},
         "module_output_name": "causal_logits"}
        """);
    Files.writeString(
        model.resolve("chat_template.jinja"),
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}<|im_end|>");
    return model;
  }

  /** Likewise of a model with a head of its own. */
  static Path withClassifiersFiles(Path model) throws IOException {
    withSentenceTransformers(model);
    Files.writeString(
        model.resolve("modules.json"),
        """
        [{"idx": 0, "name": "0", "path": "",
          "type": "sentence_transformers.base.modules.transformer.Transformer"}]
        """);
    set(
        model.resolve("sentence_bert_config.json"),
        "transformer_task",
        "\"sequence-classification\"");
    return model;
  }

  /** Takes a key out of a JSON object in a file. */
  static void remove(Path file, String key) throws IOException {
    ObjectNode object = (ObjectNode) JSON.readTree(file.toFile());
    object.remove(key);
    JSON.writeValue(file.toFile(), object);
  }

  /** Sets a key of a JSON object in a file. */
  static void set(Path file, String key, String value) throws IOException {
    ObjectNode object = (ObjectNode) JSON.readTree(file.toFile());
    object.set(key, JSON.readTree(value));
    JSON.writeValue(file.toFile(), object);
  }
}
