package dev.rankspark.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rankspark.eval.TrecEval;
import dev.rankspark.eval.TrecEvalOptions;
import dev.rankspark.run.Hit;
import dev.rankspark.run.Qrels;
import dev.rankspark.run.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Help.Column;
import picocli.CommandLine.Help.Column.Overflow;
import picocli.CommandLine.Help.TextTable;

/** The queries of the demo before and after it, for a person to judge. */
final class DemoQueries {
  /** What {@code ndcg_cut.10} prints for the whole run. */
  private static final String ALL = "all";

  private static final int SHOWN_PASSAGES = 3;
  private static final int WIDTH = 100;

  private final Map<String, String> queries = new HashMap<>();
  private final Map<String, String> passages = new HashMap<>();
  private final Qrels qrels;
  private final Run before;
  private final Run after;
  private final Map<String, Double> ndcgBefore;
  private final Map<String, Double> ndcgAfter;

  /**
   * @param rerankInput the text of both runs' pairs, as {@code prepare} writes it
   */
  DemoQueries(Path rerankInput, Qrels qrels, Run before, Run after) throws IOException {
    JsonMapper mapper = new JsonMapper();
    for (String line : Files.readAllLines(rerankInput)) {
      JsonNode pair = mapper.readTree(line);
      queries.put(pair.path("query_id").asText(), pair.path("query").asText());
      passages.put(
          pair.path("docid").asText(),
          pair.path("title").asText() + ". " + pair.path("text").asText());
    }
    this.qrels = qrels;
    this.before = before;
    this.after = after;
    ndcgBefore = ndcg(before);
    ndcgAfter = ndcg(after);
  }

  /** The query that the reranking helped most and the one that it helped least, or harmed. */
  String bestAndWorst() {
    ToDoubleFunction<String> gain = qid -> ndcgAfter.get(qid) - ndcgBefore.get(qid);
    Comparator<String> byGain = Comparator.comparingDouble(gain).thenComparing(qid -> qid);
    List<String> qids = ndcgBefore.keySet().stream().filter(qid -> !qid.equals(ALL)).toList();
    return "The query that gained most (+ answers it):\n"
        + shown(qids.stream().max(byGain).orElseThrow())
        + "\nThe query that gained least:\n"
        + shown(qids.stream().min(byGain).orElseThrow());
  }

  /** nDCG@10 of all queries. */
  String summary() {
    return "nDCG@10 " + fromTo(ALL);
  }

  private String fromTo(String qid) {
    return String.format(Locale.ROOT, "%.4f -> %.4f", ndcgBefore.get(qid), ndcgAfter.get(qid));
  }

  private String shown(String qid) {
    return String.format("%s \"%s\": nDCG@10 %s%n", qid, queries.get(qid), fromTo(qid))
        + "  before\n"
        + first(qid, before)
        + "  after\n"
        + first(qid, after);
  }

  private String first(String qid, Run run) {
    TextTable table =
        TextTable.forColumns(
            Help.defaultColorScheme(Ansi.OFF),
            new Column(5, 4, Overflow.TRUNCATE),
            new Column(WIDTH - 5, 1, Overflow.WRAP));
    for (Hit hit : run.hits(qid).subList(0, SHOWN_PASSAGES)) {
      boolean answers = qrels.grades(qid).getOrDefault(hit.docid(), 0) > 0;
      table.addRowValues(answers ? "+" : " ", passages.get(hit.docid()));
    }
    return table.toString();
  }

  /** By qid, and by {@link #ALL}. */
  private Map<String, Double> ndcg(Run run) {
    TrecEvalOptions options =
        new TrecEvalOptions(
            List.of("ndcg_cut.10"),
            /* complete= */ true,
            /* perQuery= */ true,
            /* summary= */ true,
            /* relevanceLevel= */ 1,
            Integer.MAX_VALUE);
    Map<String, Double> values = new LinkedHashMap<>();
    for (String line : TrecEval.lines(qrels, run, options)) {
      String[] columns = line.split("\t");
      values.put(columns[1], Double.valueOf(columns[2].strip()));
    }
    return values;
  }
}
