package dev.rankspark.prompt;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rankspark.template.ChatTemplate;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A chat template's, of a message with the query and one with the document, as
 * sentence-transformers makes them from a pair ({@code base/modality.py}, format {@code flat}).
 */
public final class TemplateRendering implements WholePrompt.Rendering {
  private static final long serialVersionUID = 1L;

  private final String source;
  private final String file;
  private final String instruction;
  private final TreeMap<String, Serializable> variables;
  private transient volatile ChatTemplate template; // it is parsed where it is used

  /**
   * @param source of the template
   * @param file where it is from, for messages
   * @param instruction the system's message; empty for none
   * @param variables what the template is given beside the messages
   * @throws dev.rankspark.InputException naming what in the template is not supported
   */
  public TemplateRendering(
      String source, String file, String instruction, Map<String, Serializable> variables) {
    this.source = source;
    this.file = file;
    this.instruction = instruction;
    this.variables = new TreeMap<>(variables);
    this.template = ChatTemplate.parse(source, file);
  }

  @Override
  public String render(String query, String document) {
    ChatTemplate parsed = template;
    if (parsed == null) {
      parsed = ChatTemplate.parse(source, file);
      template = parsed;
    }
    List<Map<String, String>> messages = new ArrayList<>();
    if (!instruction.isEmpty()) {
      messages.add(message("system", instruction));
    }
    messages.add(message("query", query));
    messages.add(message("document", document));
    Map<String, Object> all = new LinkedHashMap<>(variables);
    all.put("messages", messages);
    return parsed.render(all);
  }

  private static Map<String, String> message(String role, String content) {
    Map<String, String> message = new LinkedHashMap<>();
    message.put("role", role);
    message.put("content", content);
    return message;
  }

  @Override
  public Map<String, Object> settings() {
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("template", source);
    settings.put("instruction", instruction);
    settings.put("template variables", new ObjectMapper().valueToTree(variables).toString());
    return settings;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TemplateRendering that
        && source.equals(that.source)
        && instruction.equals(that.instruction)
        && variables.equals(that.variables);
  }

  @Override
  public int hashCode() {
    return source.hashCode() + 31 * instruction.hashCode();
  }
}
