package dev.rankspark.score;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rankspark.cluster.Disturbances;
import dev.rankspark.score.RerankReport.Executor;
import dev.rankspark.score.RerankReport.Plan;
import dev.rankspark.score.RerankReport.Reuse;
import dev.rankspark.score.RerankReport.Seconds;
import dev.rankspark.score.RerankReport.Tokens;

/**
 * What a rerank job did, for programs: {@code --report-json}. Fields are added, never renamed or
 * taken away; docs/nightly.md lists them.
 */
final class RerankReportJson {
  private static final JsonMapper JSON = new JsonMapper();

  private RerankReportJson() {}

  /** One JSON object over several lines. */
  static String of(RerankReport report, RerankOptions options) {
    ObjectNode json = JSON.createObjectNode();
    json.put("command", "rerank");
    ArrayNode outputs = json.putArray("outputs");
    options.output().ifPresent(outputs::add);
    options.trecOutput().ifPresent(outputs::add);
    json.put("pairs", report.counted().pairs());
    json.put("queries", report.counted().queries());
    json.put("repeated_pairs", report.counted().repeated());
    json.put("reused", report.reuse().map(Reuse::reused).orElse(0L));
    json.put("scored", report.reuse().map(Reuse::scored).orElse(report.counted().pairs()));
    report
        .candidates()
        .ifPresent(
            counts ->
                json.putObject("candidates")
                    .put("found", counts.candidates())
                    .put("without_query", counts.withoutQuery())
                    .put("without_passage", counts.withoutPassage())
                    .put("repeated", counts.repeated()));
    json.put("seconds", report.work().phases().written());
    json.put("seconds_until_scored", report.work().phases().scored());
    plan(json.putObject("plan"), report, options);
    tokens(json.putObject("tokens"), report.tokens());
    json.put("recipe", report.recipe().title());
    json.put("scores", report.recipe().activation().title());
    json.put("hardware", report.work().hardware());
    json.put("model_loads", report.work().modelLoads());
    seconds(json.putObject("task_seconds"), report.work().seconds());
    disturbances(json.putObject("disturbances"), report.work().disturbances());
    ArrayNode executors = json.putArray("executors");
    report.work().executors().forEach(executor -> executor(executors.addObject(), executor));
    ArrayNode measures = json.putArray("measures");
    report
        .comparison()
        .forEach(
            measure -> {
              ObjectNode node = measures.addObject().put("name", measure.measure());
              measure.before().ifPresent(before -> node.put("before", before));
              node.put("after", measure.after());
            });
    ArrayNode notes = json.putArray("notes");
    report.notes().forEach(notes::add);
    return json.toPrettyString() + "\n";
  }

  private static void plan(ObjectNode json, RerankReport report, RerankOptions options) {
    json.put("tasks", report.work().tasks());
    json.put("largest_task_over_mean", report.work().imbalance());
    json.put("batch_rows", options.scoring().batchRows());
    json.put("batch_tokens", report.tokens().batch());
    json.put("least_batch_tokens", report.tokens().leastBatch());
    report.reuse().flatMap(Reuse::plan).ifPresent(plan -> stored(json.putObject("stored"), plan));
  }

  private static void stored(ObjectNode json, Plan plan) {
    json.put("id", plan.id());
    json.put("tasks", plan.tasks());
    json.put("finished_tasks_taken_up", plan.finishedTasks());
  }

  private static void tokens(ObjectNode json, Tokens tokens) {
    json.put("all", tokens.all());
    json.put("computed", tokens.computed());
    json.put(
        "computed_per_token", tokens.all() == 0 ? 1 : (double) tokens.computed() / tokens.all());
    json.put("longest", tokens.longest());
    json.put("pairs_cut", tokens.truncated());
  }

  private static void seconds(ObjectNode json, Seconds seconds) {
    json.put("load", seconds.load());
    json.put("read", seconds.read());
    json.put("tokenize", seconds.tokenize());
    json.put("await_tokens", seconds.await());
    json.put("compute", seconds.compute());
  }

  private static void disturbances(ObjectNode json, Disturbances disturbances) {
    json.put("failed_tasks", disturbances.failedTasks());
    json.put("speculative_tasks", disturbances.twins());
    json.put("lost_executors", disturbances.lostExecutors());
  }

  private static void executor(ObjectNode json, Executor executor) {
    json.put("id", executor.id());
    json.put("tasks", executor.tasks());
    json.put("model_loads", executor.modelLoads());
    json.put("pairs", executor.pairs());
    json.put("tokens", executor.tokens());
    seconds(json.putObject("task_seconds"), executor.seconds());
  }
}
