package dev.rankspark.corpus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * How an item of a training set is read, in each of the forms that training data has.
 *
 * @param trainGroupSize {@code --train-group-size}
 * @param hasCorpus a passage may come without its text
 */
record ItemReader(int trainGroupSize, boolean hasCorpus) implements Serializable {

  /** A form of training data, told by its field of positives; the first that fits counts. */
  enum Form {
    /** Tevatron's; its passages are objects, or docids of a corpus. */
    TEVATRON("positive_passages", "negative_passages"),
    /** Tevatron's with a corpus apart. */
    BY_DOCID("positive_document_ids", "negative_document_ids"),
    /** FlagEmbedding's; its passages are texts. */
    FLAG_EMBEDDING("pos", "neg"),
    /** sentence-transformers', a text a column, of negatives also several: {@code negative_1}. */
    SENTENCE_TRANSFORMERS("positive", "negative");

    private final String positives;
    private final String negatives;

    Form(String positives, String negatives) {
      this.positives = positives;
      this.negatives = negatives;
    }

    static Optional<Form> of(Predicate<String> hasField) {
      return Arrays.stream(values()).filter(form -> hasField.test(form.positives)).findFirst();
    }

    private boolean isOfTexts() {
      return this == FLAG_EMBEDDING || this == SENTENCE_TRANSFORMERS;
    }
  }

  /** What was expected where there is no form. */
  static final String EXPECTED =
      "query with positive_passages and negative_passages (Tevatron), positive_document_ids and"
          + " negative_document_ids, pos and neg (FlagEmbedding) or positive and negative"
          + " (sentence-transformers)";

  private static final List<String> QUERIES = List.of(Pairs.QUERY, "anchor", "query_text");

  /** Where there is none, an item is called by its number. */
  private static final List<String> IDS = List.of(Pairs.QID, "_id", "id", "qid");

  private static final Pattern NUMBERED_NEGATIVE = Pattern.compile("negative_\\d{1,9}");

  /**
   * What makes another loss or text of an item elsewhere: prompts and teachers' scores of
   * FlagEmbedding, labels and scores of sentence-transformers, Tevatron's queries that are no text.
   */
  private static final List<String> MEANINGFUL_ELSEWHERE =
      List.of(
          "prompt",
          "query_prompt",
          "passage_prompt",
          "pos_scores",
          "neg_scores",
          "type",
          "label",
          "labels",
          "score",
          "scores",
          "query_image",
          "query_video",
          "query_audio");

  /** FlagEmbedding's {@code type} that asks for nothing. */
  private static final String NORMAL = "normal";

  /**
   * The columns of a table that an item is read from, those of Tevatron's form in its order.
   *
   * @return empty if it has no item's
   */
  static Optional<List<String>> columns(List<String> table) {
    Optional<Form> form = Form.of(table::contains);
    Optional<String> query = QUERIES.stream().filter(table::contains).findFirst();
    if (form.isEmpty() || query.isEmpty()) {
      return Optional.empty();
    }
    List<String> negatives = negatives(form.get(), table.stream());
    if (negatives.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(
        Stream.of(
                IDS.stream().filter(table::contains),
                query.stream(),
                Stream.of(form.get().positives),
                negatives.stream(),
                form.get() == Form.TEVATRON
                    ? Stream.<String>empty()
                    : MEANINGFUL_ELSEWHERE.stream().filter(table::contains))
            .flatMap(names -> names)
            .toList());
  }

  /** The fields of negatives among others, numbered ones by their numbers. */
  private static List<String> negatives(Form form, Stream<String> fields) {
    return fields
        .filter(
            name ->
                name.equals(form.negatives)
                    || (form == Form.SENTENCE_TRANSFORMERS
                        && NUMBERED_NEGATIVE.matcher(name).matches()))
        .sorted(Comparator.comparing(ItemReader::number))
        .toList();
  }

  private static int number(String negative) {
    return NUMBERED_NEGATIVE.matcher(negative).matches()
        ? Integer.parseInt(negative.substring(negative.indexOf('_') + 1))
        : -1;
  }

  /**
   * A row of {@link TrainingSet#ITEMS}; title and text are null where the corpus has them.
   *
   * @param number where the item stands in the training set
   */
  Row row(long number, JsonFields item) {
    Form form = form(item);
    List<Row> passages = new ArrayList<>(passages(form, item, form.positives));
    int positives = passages.size();
    if (positives == 0) {
      throw item.where()
          .wrong("expected at least one passage in \"" + form.positives + "\", got none");
    }
    List<String> fields = negatives(form, names(item));
    if (fields.isEmpty()) {
      fields = List.of(form.negatives); // to say what is missing
    }
    for (String negatives : fields) {
      passages.addAll(passages(form, item, negatives));
    }
    if (passages.size() == positives && trainGroupSize > 1) {
      throw item.where()
          .wrong(
              "expected at least one passage in \""
                  + form.negatives
                  + "\" for --train-group-size "
                  + trainGroupSize
                  + ", got none");
    }
    return RowFactory.create(
        Math.toIntExact(number),
        firstOf(IDS, item).map(item::required).orElseGet(() -> String.valueOf(number + 1)),
        item.required(firstOf(QUERIES, item).orElse(Pairs.QUERY)),
        positives,
        passages.toArray(Row[]::new));
  }

  /** Names the fields that this program has no use for, though they would mean something. */
  void nameUnused(JsonFields item, Consumer<String> names) {
    if (form(item) == Form.TEVATRON) {
      return; // it reads no others itself
    }
    MEANINGFUL_ELSEWHERE.stream()
        .filter(name -> saysSomething(item.object().path(name)))
        .forEach(names);
  }

  private static boolean saysSomething(JsonNode value) {
    return switch (value.getNodeType()) {
      case MISSING, NULL -> false;
      case ARRAY, OBJECT -> !value.isEmpty();
      case STRING -> !value.textValue().isEmpty() && !value.textValue().equals(NORMAL);
      default -> true;
    };
  }

  private static Form form(JsonFields item) {
    return Form.of(item.object()::has)
        .orElseThrow(
            () ->
                item.where()
                    .wrong(
                        "expected "
                            + EXPECTED
                            + ", got "
                            + names(item)
                                .map(name -> TextNode.valueOf(name).toString())
                                .collect(Collectors.joining(", "))));
  }

  private static Stream<String> names(JsonFields item) {
    return StreamSupport.stream(
        ((Iterable<String>) item.object()::fieldNames).spliterator(), /* parallel= */ false);
  }

  private static Optional<String> firstOf(List<String> names, JsonFields item) {
    return names.stream().filter(item.object()::hasNonNull).findFirst();
  }

  private List<Row> passages(Form form, JsonFields item, String field) {
    JsonNode list = item.object().path(field);
    if (form.isOfTexts() && list.isTextual()) {
      return List.of(text(list, field, item.where()));
    }
    if (NUMBERED_NEGATIVE.matcher(field).matches() && list.isNull()) {
      return List.of(); // rows that have fewer than others
    }
    if (!list.isArray()) {
      throw item.where()
          .wrong(
              "expected "
                  + (form.isOfTexts() ? "a text or a list of texts" : "a list")
                  + " in \""
                  + field
                  + "\", got "
                  + (list.isMissingNode() ? "none" : list));
    }
    List<Row> passages = new ArrayList<>(list.size());
    for (int i = 0; i < list.size(); i++) {
      String at = field + "[" + i + "]";
      Located where = message -> item.where().wrong(at + ": " + message);
      passages.add(form.isOfTexts() ? text(list.get(i), at, where) : passage(list.get(i), where));
    }
    return passages;
  }

  /** A passage that is a text alone, called by its place. */
  private static Row text(JsonNode node, String at, Located where) {
    if (!node.isTextual()) {
      throw where.wrong("expected a text, got " + node);
    }
    JsonFields passage = new JsonFields(where, new ObjectNode(null, Map.of(Pairs.TEXT, node)));
    return RowFactory.create(at, "", passage.required(Pairs.TEXT));
  }

  private Row passage(JsonNode node, Located where) {
    // A docid by itself is read as a passage that has nothing else.
    ObjectNode object =
        node instanceof ObjectNode passage
            ? passage
            : new ObjectNode(null, Map.of(Pairs.DOCID, node));
    JsonFields passage = new JsonFields(where, object);
    String docid = passage.required(Pairs.DOCID);
    if (object.hasNonNull(Pairs.TEXT)) {
      return RowFactory.create(docid, passage.orEmpty(Pairs.TITLE), passage.required(Pairs.TEXT));
    }
    if (!hasCorpus) {
      throw where.wrong(
          "docid " + docid + " has no \"text\"; give --corpus-path if a corpus has it");
    }
    return RowFactory.create(docid, null, null);
  }
}
