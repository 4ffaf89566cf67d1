package dev.rankspark;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Which package may know which; CONTRIBUTING.md has the arrows. */
class ArchitectureTest {
  private static final String OURS = "dev.rankspark";

  private static JavaClasses classes;

  @BeforeAll
  static void read() {
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(OURS);
  }

  @Test
  void theArrowsBetweenPackagesAreThoseOfContributing() throws IOException {
    assertThat(arrows()).isEqualTo(documented());
  }

  @Test
  void packagesAndClassesHaveNoCycles() {
    slices().matching(OURS + ".(*)..").should().beFreeOfCycles().check(classes);
    slices().assignedFrom(new Outermost()).should().beFreeOfCycles().check(classes);
  }

  @Test
  void onlyClusterKnowsTheInsidesOfSparkAndScala() {
    noClasses()
        .that()
        .resideOutsideOfPackage(OURS + ".cluster")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "scala..",
                    "org.apache.spark.util..",
                    "org.apache.spark.deploy..",
                    "org.apache.spark.internal..",
                    "org.apache.spark.scheduler..")
                .and(not(resideInAPackage("org.apache.spark.util.sketch")))) // for Spark's users
        .check(classes);
  }

  @Test
  void filesRunsAndCheckpointsNeedNeitherSparkNorDjl() {
    noClasses()
        .that()
        .resideInAnyPackage(
            Arrays.stream(new String[] {"files", "python", "run", "eval", "checkpoint", "merge"})
                .map(name -> OURS + "." + name)
                .toArray(String[]::new))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.spark..", "scala..", "ai.djl..")
        .check(classes);
    noClasses()
        .that()
        .resideInAnyPackage(OURS + ".model", OURS + ".prompt", OURS + ".distributed")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.spark..", "scala..")
        .check(classes);
    noClasses()
        .that()
        .resideInAPackage(OURS + ".corpus")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.djl..")
        .check(classes);
  }

  private static Map<String, Set<String>> arrows() {
    Map<String, Set<String>> arrows = new TreeMap<>();
    for (JavaClass origin : classes) {
      String from = name(origin);
      if (!from.isEmpty()) {
        Set<String> to = arrows.computeIfAbsent(from, name -> new TreeSet<>());
        for (Dependency dependency : origin.getDirectDependenciesFromSelf()) {
          JavaClass target = dependency.getTargetClass().getBaseComponentType();
          if (target.getPackageName().startsWith(OURS + ".") && !name(target).equals(from)) {
            to.add(name(target));
          }
        }
      }
    }
    return arrows;
  }

  private static String name(JavaClass type) {
    String name = type.getPackageName();
    return name.equals(OURS) ? "" : name.substring(OURS.length() + 1);
  }

  /** Lines such as {@code score -> model, run} in CONTRIBUTING.md. */
  private static Map<String, Set<String>> documented() throws IOException {
    Pattern line = Pattern.compile("^ {6}([a-z]+) +->(.*)$", Pattern.MULTILINE);
    Matcher matcher =
        line.matcher(Files.readString(Path.of("..", "CONTRIBUTING.md").toAbsolutePath()));
    Map<String, Set<String>> arrows = new TreeMap<>();
    while (matcher.find()) {
      arrows.put(
          matcher.group(1),
          Arrays.stream(matcher.group(2).split(","))
              .map(String::strip)
              .filter(name -> !name.isEmpty())
              .collect(Collectors.toCollection(TreeSet::new)));
    }
    return arrows;
  }

  /** A class with all that it contains. */
  private static final class Outermost implements SliceAssignment {
    @Override
    public SliceIdentifier getIdentifierOf(JavaClass type) {
      return type.getPackageName().startsWith(OURS)
          ? SliceIdentifier.of(type.getName().replaceAll("\\$.*", ""))
          : SliceIdentifier.ignore();
    }

    @Override
    public String getDescription() {
      return "classes with all that they contain";
    }
  }
}
