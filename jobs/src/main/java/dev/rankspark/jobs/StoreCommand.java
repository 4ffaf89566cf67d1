package dev.rankspark.jobs;

import dev.rankspark.cluster.HadoopSettings;
import dev.rankspark.store.RerankerScores;
import dev.rankspark.store.ScoreStore;
import dev.rankspark.store.StoreInfo;
import dev.rankspark.store.Upkeep;
import dev.rankspark.store.Upkeep.Change;
import dev.rankspark.store.Verification;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code store}: looks after a folder of {@code rerank --score-store}. */
@Command(
    name = "store",
    mixinStandardHelpOptions = true,
    description =
        "Shows, checks, compacts and prunes a store of scores; docs/nightly.md says when.",
    subcommands = {
      StoreCommand.Info.class,
      StoreCommand.Compact.class,
      StoreCommand.Verify.class,
      StoreCommand.Prune.class
    })
final class StoreCommand implements Runnable {
  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "store: expected info, compact, verify or prune");
  }

  /** The folder, which all of them have. */
  static final class Folder {
    @Parameters(index = "0", paramLabel = "FOLDER", description = "the store")
    private String path;

    List<RerankerScores> rerankers() {
      return ScoreStore.open(path, HadoopSettings.ofDriver()).all();
    }
  }

  /** A number of days, {@code 90d}. */
  static final class Days implements ITypeConverter<Duration> {
    private static final Pattern DAYS = Pattern.compile("(\\d{1,6})d");

    @Override
    public Duration convert(String value) {
      Matcher days = DAYS.matcher(value);
      if (!days.matches()) {
        throw new TypeConversionException("expected days, such as 90d, got \"" + value + "\"");
      }
      return Duration.ofDays(Long.parseLong(days.group(1)));
    }
  }

  /** How long what counts no more stays. */
  static final class Grace {
    @Option(
        names = "--grace",
        defaultValue = "3d",
        converter = Days.class,
        paramLabel = "DAYS",
        description =
            "what counts no more stays so long, for runs that began before (default"
                + " ${DEFAULT-VALUE})")
    private Duration duration;
  }

  /** {@code store info}. */
  @Command(
      name = "info",
      mixinStandardHelpOptions = true,
      description = "Shows what a store has, by reranker.")
  static final class Info implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private Folder folder;

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      for (RerankerScores reranker : folder.rerankers()) {
        StoreInfo info = StoreInfo.of(reranker);
        out.println(
            String.format(
                Locale.ROOT,
                "%s%n  %s, %s%n  %,d scores of %s to %s, %,d files, %,d bytes; %s commits count,"
                    + " %d plans",
                info.identity(),
                info.model(),
                info.on(),
                info.scores(),
                info.oldest(),
                info.newest(),
                info.files(),
                info.bytes(),
                info.commits(),
                info.plans()));
      }
      return 0;
    }
  }

  /** {@code store compact}. */
  @Command(
      name = "compact",
      mixinStandardHelpOptions = true,
      description = "Writes small files as few, and deletes what counts no more.")
  static final class Compact implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private Folder folder;
    @Mixin private Grace grace;

    @Override
    public Integer call() {
      return keep(spec, folder, grace, Upkeep::compact);
    }
  }

  /** {@code store prune}. */
  @Command(
      name = "prune",
      mixinStandardHelpOptions = true,
      description = "Lets old scores go, and deletes what counts no more.")
  static final class Prune implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private Folder folder;
    @Mixin private Grace grace;

    @Option(
        names = "--older-than",
        required = true,
        converter = Days.class,
        paramLabel = "DAYS",
        description = "how old a score has to be, such as 90d; counted in whole days, UTC")
    private Duration age;

    @Override
    public Integer call() {
      LocalDate first = Upkeep.today().minusDays(age.toDays());
      return keep(spec, folder, grace, upkeep -> upkeep.prune(first));
    }
  }

  /** Changes the files of each reranker, deletes what counts no more and tells of both. */
  private static int keep(
      CommandSpec spec, Folder folder, Grace grace, Function<Upkeep, Change> change) {
    List<RerankerScores> rerankers = folder.rerankers();
    return SparkSessions.with(
        "store " + spec.name(),
        spark -> {
          for (RerankerScores reranker : rerankers) {
            Upkeep upkeep = new Upkeep(spark, reranker);
            tell(spec, reranker, change.apply(upkeep), upkeep.sweep(grace.duration));
          }
          return 0;
        });
  }

  private static void tell(CommandSpec spec, RerankerScores reranker, Change change, int deleted) {
    spec.commandLine()
        .getOut()
        .println(
            String.format(
                Locale.ROOT,
                "%.12s: scores %d -> %d; files %d -> %d; deleted %d",
                reranker.identity(),
                change.rowsBefore(),
                change.rowsAfter(),
                change.filesBefore(),
                change.filesAfter(),
                deleted));
  }

  /** {@code store verify}. */
  @Command(
      name = "verify",
      mixinStandardHelpOptions = true,
      description = "Reads all files of a store and compares them with what was written.")
  static final class Verify implements Callable<Integer> {
    @Spec private CommandSpec spec;
    @Mixin private Folder folder;

    @Option(
        names = "--repair",
        description = "set aside what is damaged: its pairs are scored again when they come")
    private boolean repair;

    @Override
    public Integer call() {
      List<RerankerScores> rerankers = folder.rerankers();
      PrintWriter out = spec.commandLine().getOut();
      return SparkSessions.with(
          "store verify",
          spark -> {
            List<String> damages = new ArrayList<>();
            int files = 0;
            for (RerankerScores reranker : rerankers) {
              Verification.Result result = new Verification(spark, reranker).run(repair);
              files += result.files();
              damages.addAll(result.damages());
            }
            damages.forEach(out::println);
            out.println(
                String.format(
                    Locale.ROOT,
                    "files %d; damaged %d%s",
                    files,
                    damages.size(),
                    repair && !damages.isEmpty() ? "; set aside" : ""));
            return damages.isEmpty() || repair ? 0 : Main.INPUT;
          });
    }
  }
}
