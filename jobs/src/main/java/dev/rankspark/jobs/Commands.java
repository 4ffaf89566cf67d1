package dev.rankspark.jobs;

import dev.rankspark.DeviceException;
import dev.rankspark.InputException;
import dev.rankspark.OptionException;
import dev.rankspark.PartlyDoneException;
import dev.rankspark.cluster.SparkVersion;
import dev.rankspark.files.FileFailures;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.text.similarity.LevenshteinDistance;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code rankspark COMMAND}: what {@link Main} runs under a Java that it runs under. */
@Command(
    name = "rankspark",
    description = "Reranks retrieval runs with LLaMA-type cross encoders, as Apache Spark jobs.",
    subcommands = {
      PrepareCommand.class,
      RerankCommand.class,
      ConvertCommand.class,
      MergeCommand.class,
      EvaluateCommand.class,
      StoreCommand.class,
      TrainCommand.class,
      DemoCommand.class,
      BenchCommand.class,
      VerifyCommand.class
    },
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true,
    versionProvider = Commands.Version.class,
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:internal error",
      "2:wrong usage",
      "3:wrong input: a file, a checkpoint, a path",
      "4:partly done: what was written is whole, the last line says how to get the rest",
      "5:the machine, the cluster or a device cannot do what was asked",
      "6:verify: the scores are not the reference's",
      "130:stopped by Ctrl-C",
      "143:stopped by SIGTERM"
    })
final class Commands implements Runnable {
  @Spec private CommandSpec spec;

  @Option(
      names = "--stacktrace",
      scope = CommandLine.ScopeType.INHERIT,
      description = "print the stack trace of an error")
  private boolean stacktrace;

  @Option(
      names = "--progress",
      negatable = true,
      scope = CommandLine.ScopeType.INHERIT,
      description =
          "show on standard error how far a command is: a line that moves on a terminal, a line a"
              + " minute elsewhere (default, but for commands called in a notebook)")
  private Boolean isProgressAsked;

  /** Standard error of a process that is this command's own; null in others. */
  private final StatusLine statusLine;

  Commands() {
    this(null);
  }

  private Commands(StatusLine statusLine) {
    this.statusLine = statusLine;
  }

  static void runToTheEnd(String[] args) {
    StatusLine statusLine = new StatusLine(System.err);
    System.setErr(new PrintStream(statusLine, true, StandardCharsets.UTF_8));
    PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    Interruption.handle(err);
    PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
    int code = execute(args, out, err, statusLine);
    Interruption.exit(code, err);
  }

  /**
   * Runs one command.
   *
   * @param out results, such as measures
   * @param err everything else; its last line says what went wrong
   * @return the exit code
   */
  static int execute(String[] args, PrintWriter out, PrintWriter err) {
    return execute(args, out, err, null);
  }

  private static int execute(
      String[] args, PrintWriter out, PrintWriter err, StatusLine statusLine) {
    Commands commands = new Commands(statusLine);
    CommandLine commandLine = new CommandLine(commands);
    commandLine.setOut(out);
    commandLine.setErr(err);
    commandLine.setUsageHelpAutoWidth(true);
    commandLine
        .getSubcommands()
        .values()
        .forEach(command -> command.getCommandSpec().versionProvider(new Version()));
    commandLine.setCaseInsensitiveEnumValuesAllowed(true);
    commandLine.setOverwrittenOptionsAllowed(true); // the last one counts, as in argparse
    for (String command : List.of("prepare", "rerank", "train")) {
      TevatronArguments.addTo(commandLine.getSubcommands().get(command).getCommandSpec());
    }
    commandLine.setParameterExceptionHandler(Commands::reportUsage);
    commandLine.setExecutionExceptionHandler(
        (error, command, result) -> commands.report(error, command.getErr()));
    int code;
    try {
      SparkVersion.check();
      Utf8.check(args);
      String[] rewritten = rewrite(commandLine, withHyphens(args));
      Utf8.check(rewritten);
      code = commandLine.execute(rewritten);
    } catch (Throwable e) {
      // picocli hands exceptions to the handlers above; errors, such as no memory, end here
      code = commands.report(e, err);
    }
    out.flush();
    err.flush();
    return code;
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "expected a command");
  }

  /**
   * How a command shows how far it is.
   *
   * @param isDisabled by a word of its own
   */
  static ProgressDisplay progress(CommandSpec command, boolean isDisabled) {
    Commands commands = (Commands) command.root().userObject();
    boolean isOwnProcess = commands.statusLine != null;
    boolean isAsked = commands.isProgressAsked == null ? isOwnProcess : commands.isProgressAsked;
    if (!isAsked || isDisabled) {
      return ProgressDisplay.NONE;
    }
    Optional<Terminal> terminal =
        isOwnProcess ? Terminal.ofStandardError(System.getenv()) : Optional.empty();
    return terminal.isPresent()
        ? new MovingLine(commands.statusLine, terminal.get()::columns)
        : new MinuteLines(command.commandLine().getErr(), MinuteLines.MINUTE);
  }

  /** Likewise, of a command without such a word. */
  static ProgressDisplay progress(CommandSpec command) {
    return progress(command, /* isDisabled= */ false);
  }

  /** The command line as picocli reads it; see {@link TevatronArguments#rewrite}. */
  private static String[] rewrite(CommandLine commandLine, String[] args) {
    CommandLine command = args.length == 0 ? null : commandLine.getSubcommands().get(args[0]);
    if (command == null) {
      return args;
    }
    List<String> rewritten = new ArrayList<>(List.of(args[0]));
    rewritten.addAll(
        TevatronArguments.rewrite(
            command.getCommandSpec(), Arrays.asList(args).subList(1, args.length)));
    return rewritten.toArray(String[]::new);
  }

  /** Tevatron's spelling of options works too: {@code --depth_x=a_b} is {@code --depth-x=a_b}. */
  private static String[] withHyphens(String[] args) {
    return Arrays.stream(args)
        .map(
            arg -> {
              if (!arg.startsWith("--")) {
                return arg;
              }
              int value = arg.indexOf('=');
              return value < 0
                  ? arg.replace('_', '-')
                  : arg.substring(0, value).replace('_', '-') + arg.substring(value);
            })
        .toArray(String[]::new);
  }

  private static int reportUsage(ParameterException error, String[] args) {
    PrintWriter err = error.getCommandLine().getErr();
    err.println(
        "rankspark: "
            + unknown(error).orElse(oneLine(error.getMessage()))
            + "; see "
            + error.getCommandLine().getCommandSpec().qualifiedName(" ")
            + " --help");
    return Main.USAGE;
  }

  /**
   * A name that the command does not know, and what it may have meant. It comes first: a required
   * option that is misspelt is missing as well.
   */
  private static Optional<String> unknown(ParameterException error) {
    CommandLine command = error.getCommandLine();
    List<String> unmatched = command.getUnmatchedArguments();
    if (unmatched.isEmpty()) {
      return Optional.empty();
    }
    String given = unmatched.get(0).replaceFirst("=.*", "");
    boolean isOption = given.startsWith("-");
    Set<String> names =
        isOption
            ? command.getCommandSpec().optionsMap().keySet()
            : command.getCommandSpec().subcommands().keySet();
    LevenshteinDistance distance = LevenshteinDistance.getDefaultInstance();
    String meant =
        names.stream()
            .min(Comparator.comparing(name -> distance.apply(given, name)))
            .filter(name -> distance.apply(given, name) <= given.length() / 2)
            .map(name -> "; did you mean " + name + "?")
            .orElse("");
    return Optional.of("unknown " + (isOption ? "option " : "argument ") + given + meant);
  }

  /** Finds the error that is meant for the user, wherever Spark wrapped it. */
  private int report(Throwable error, PrintWriter err) {
    if (Interruption.happened()) {
      return Main.INTERNAL; // what a stopped command fails with
    }
    if (stacktrace) {
      error.printStackTrace(err);
    }
    Optional<Throwable> known =
        known(error)
            .or(() -> unloadable(error))
            .or(() -> UnreadableTable.of(error))
            .or(() -> FileFailures.of(error));
    int code = known.map(Commands::exitCode).orElse(Main.INTERNAL);
    if (known.isEmpty() && !stacktrace) {
      err.println("rankspark: this is an error of ours; --stacktrace shows where");
    }
    err.println("rankspark: " + oneLine(known.orElse(error).getMessage()));
    return code;
  }

  private static int exitCode(Throwable known) {
    if (known instanceof OptionException) {
      return Main.USAGE;
    }
    if (known instanceof PartlyDoneException) {
      return Main.PARTLY_DONE;
    }
    return known instanceof InputException ? Main.INPUT : Main.DEVICE;
  }

  private static Optional<Throwable> known(Throwable error) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      if (e instanceof InputException
          || e instanceof DeviceException
          || e instanceof PartlyDoneException) {
        return Optional.of(e);
      }
    }
    return Optional.empty();
  }

  /** A library that an executor could not load from its temporary folder. */
  private static Optional<Throwable> unloadable(Throwable error) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      if (e instanceof LinkageError && String.valueOf(e.getMessage()).contains("map segment")) {
        return Optional.of(
            new DeviceException(
                e.getMessage()
                    + ": its folder does not allow execution (noexec); name another by"
                    + " -Djava.io.tmpdir=DIR in spark.executor.extraJavaOptions"));
      }
    }
    return Optional.empty();
  }

  private static String oneLine(String message) {
    return String.valueOf(message).strip().replaceAll("\\s*\\R\\s*", " | ");
  }

  /** The version in the jar's manifest. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Commands.class.getPackage().getImplementationVersion();
      return new String[] {
        String.format(Locale.ROOT, "rankspark %s", version == null ? "(unpacked)" : version)
      };
    }
  }
}
