import dev.rankspark.model.Dtype;
import dev.rankspark.prompt.PairText;
import dev.rankspark.prompt.PromptOptions;
import dev.rankspark.reranker.FileSums;
import dev.rankspark.reranker.Identity;
import dev.rankspark.reranker.ModelPaths;
import dev.rankspark.reranker.Reranker;
import dev.rankspark.store.PairKey;
import dev.rankspark.store.RerankerScores;
import dev.rankspark.store.ScoreStore;
import dev.rankspark.store.TaskCommits;
import java.io.BufferedWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;

/**
 * Makes a night for nightly.py, which runs it: rerank input of many pairs, the new ones of them alone, and a store that has the
 * others' scores, random ones, of a model in float32 on a CPU.
 *
 * <pre>
 * java $OPENS -cp "jobs/target/rankspark.jar:spark/target/spark/jars/*" benchmarks/MakeNight.java MODEL FOLDER PAIRS
 * </pre>
 *
 * FOLDER gets {@code tonight.jsonl}, {@code new.jsonl} and {@code store}. One pair in twenty is new; ten pairs have a query.
 */
public final class MakeNight {
  private static final long SEED = 20261129;
  private static final int PAIRS_OF_QUERY = 10;
  private static final int ONE_IS_NEW_IN = 20;
  private static final int PAIRS_OF_FILE = 1_000_000;
  private static final int WORDS = 12;
  private static final PromptOptions PROMPT = new PromptOptions("query: ", "document: ", 64, false);

  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[1]);
    long pairs = Long.parseLong(args[2]);
    Configuration hadoop = new Configuration();
    Identity identity =
        Reranker.open(ModelPaths.of(args[0]), PROMPT, hadoop).identity(FileSums.ofUser(), hadoop).on("cpu", Dtype.FLOAT32);
    RerankerScores scores =
        ScoreStore.openOrMake(folder.resolve("store").toString(), hadoop).of(identity.sha256(), identity.text());
    TaskCommits commits = TaskCommits.withoutPlan(scores, "made");
    PairText template = new PairText(PROMPT.queryPrefix(), PROMPT.passagePrefix());
    Random random = new Random(SEED);
    System.out.println("seed " + SEED);
    TaskCommits.TaskScores file = commits.begin();
    try (BufferedWriter tonight = Files.newBufferedWriter(folder.resolve("tonight.jsonl"));
        BufferedWriter fresh = Files.newBufferedWriter(folder.resolve("new.jsonl"))) {
      for (long pair = 0; pair < pairs; pair++) {
        String query = "what is number " + pair / PAIRS_OF_QUERY;
        StringBuilder text = new StringBuilder("the passage").append(pair);
        for (int word = 0; word < WORDS; word++) {
          text.append(' ').append(Integer.toString(random.nextInt(50_000), 36));
        }
        String line =
            "{\"query_id\": \"" + pair / PAIRS_OF_QUERY + "\", \"query\": \"" + query + "\", \"docid\": \"d" + pair
                + "\", \"title\": \"\", \"text\": \"" + text + "\", \"score\": " + (PAIRS_OF_QUERY - pair % PAIRS_OF_QUERY) + "}\n";
        tonight.write(line);
        if (random.nextInt(ONE_IS_NEW_IN) == 0) {
          fresh.write(line);
        } else {
          file.add(PairKey.of(template.format(query, "", text.toString())), random.nextFloat());
        }
        if (pair % PAIRS_OF_FILE == PAIRS_OF_FILE - 1) {
          file.commit();
          file = commits.begin();
        }
      }
    }
    file.commit();
  }

  private MakeNight() {}
}
