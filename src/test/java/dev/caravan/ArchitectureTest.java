package dev.caravan;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaAccess.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.type;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The package arrows point one way, and clocks and chance have one door. */
class ArchitectureTest {
  private static final Path SOURCES = Path.of("src/main/java/dev/caravan");

  /** Lines that a file may have, so that one reads it in one sitting. */
  private static final int MAX_LINES = 330;

  /** Files longer than that, which may shrink only. */
  private static final Map<String, Integer> LONGER =
      Map.of("upstream/Transfer.java", 500, "ingress/HttpConnection.java", 435);

  private static final JavaClasses MAIN =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.caravan");
  private static final JavaClasses ALL = new ClassFileImporter().importPackages("dev.caravan");

  /** Who may be known to whom; what is not listed is not known. */
  @ParameterizedTest
  @CsvSource({
    "time, ''",
    "outcome, ''",
    "request, time",
    "tenant, time request",
    "limit, time tenant",
    "fleet, time outcome tenant",
    "select, time outcome request fleet",
    "upstream, time outcome request fleet tenant limit tls",
    "tls, time",
    "health, time outcome request fleet",
    "admission, time fleet tenant",
    "telemetry, time outcome request fleet upstream health tenant limit",
    "tracing, time outcome request fleet upstream",
    "ingress, time admission outcome request fleet upstream tenant limit tls",
    "queue, time admission outcome request fleet upstream telemetry ingress tenant",
    "resume, time outcome request fleet upstream",
    "discovery, time",
    "route, time outcome request fleet select upstream resume health admission telemetry ingress queue discovery tenant limit",
    "admin, time fleet health telemetry select request tenant limit",
    "simulator, time",
    "replay, time outcome request fleet select admission health simulator",
  })
  void arrows_pointDownOnly(String layer, String below) {
    List<String> allowed = new ArrayList<>();
    allowed.add("dev.caravan." + layer + "..");
    for (String each : below.split(" ", -1)) {
      if (!each.isEmpty()) {
        allowed.add("dev.caravan." + each + "..");
      }
    }
    noClasses()
        .that()
        .resideInAPackage("dev.caravan." + layer + "..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.caravan..")
                .and(not(resideInAnyPackage(allowed.toArray(String[]::new)))))
        .because("arrows point down only, see the packages in docs")
        .check(MAIN);
  }

  /**
   * Which part of {@code route} may know which others; a part is one package, without those below.
   */
  private static final Map<String, Set<String>> ROUTE_PARTS =
      Map.of(
          "route.parameter", Set.of(),
          "route.server", Set.of("route.parameter"),
          "route.probe", Set.of("route.parameter", "route.server"),
          "route.jobs", Set.of("route.parameter"),
          "route.file", Set.of("route.parameter", "route.probe"),
          "route", Set.of("route.parameter", "route.server", "route.probe"),
          "route.reload",
              Set.of("route", "route.file", "route.jobs", "route.probe", "route.server"));

  @Test
  void partsOfRoute_pointDownOnly() {
    JavaClasses route = MAIN.that(resideInAPackage("dev.caravan.route.."));
    route.forEach(
        each ->
            assertThat(ROUTE_PARTS)
                .as("a new package %s needs its arrows in this test", each.getPackageName())
                .containsKey(each.getPackageName().substring("dev.caravan.".length())));
    ROUTE_PARTS.forEach(
        (part, below) -> {
          List<String> allowed = new ArrayList<>(List.of("dev.caravan." + part));
          below.forEach(each -> allowed.add("dev.caravan." + each));
          noClasses()
              .that()
              .resideInAPackage("dev.caravan." + part)
              .should()
              .dependOnClassesThat(
                  resideInAPackage("dev.caravan.route..")
                      .and(not(resideInAnyPackage(allowed.toArray(String[]::new)))))
              .because("a change of the routes knows what runs, and never the other way round")
              .check(route);
        });
    slices().matching("dev.caravan.(**)").should().beFreeOfCycles().check(route);
  }

  @Test
  void packages_haveNoCycles() {
    slices().matching("dev.caravan.(*)..").should().beFreeOfCycles().check(MAIN);
  }

  @Test
  void everyPackage_isALayer() {
    Set<String> layers =
        Set.of(
            "time",
            "outcome",
            "request",
            "fleet",
            "select",
            "tls",
            "upstream",
            "health",
            "admission",
            "tenant",
            "limit",
            "telemetry",
            "tracing",
            "ingress",
            "queue",
            "resume",
            "discovery",
            "route",
            "admin",
            "simulator",
            "replay");
    MAIN.forEach(
        each -> {
          String inside = each.getPackageName().substring("dev.caravan".length());
          assertThat(inside.isEmpty() || layers.contains(inside.substring(1).split("\\.", 2)[0]))
              .as("a new package %s needs its arrows in this test", each.getPackageName())
              .isTrue();
        });
  }

  @Test
  void camel_isSeenByRoutesIngressQueuesAndAssemblyOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "dev.caravan", "dev.caravan.route..", "dev.caravan.ingress..", "dev.caravan.queue..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.camel..")
        .because("tokens and decisions must not depend on how routes are written")
        .check(MAIN);
  }

  @Test
  void decisions_doNoInputOrOutput() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.caravan.select..",
            "dev.caravan.request..",
            "dev.caravan.outcome..",
            "dev.caravan.fleet..",
            "dev.caravan.time..")
        .should()
        .dependOnClassesThat(
            resideInAnyPackage(
                    "java.net..",
                    "java.nio.channels..",
                    "java.nio.file..",
                    "io.netty.channel..",
                    "io.netty.handler..",
                    "io.netty.bootstrap..",
                    "io.vertx..",
                    "io.quarkus..")
                .and(not(type(URI.class))))
        .because("a choice is a function of a request and a snapshot, and can be replayed")
        .check(MAIN);
  }

  @Test
  void clocksAndChance_enterByTheTimePackageOnly() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.caravan.time..")
        .should()
        .accessTargetWhere(target(describe("a clock or chance", t -> clock(t) || chance(t))))
        .because("with one door, tests and the simulation can stand in it")
        .check(MAIN);
  }

  /** A seeded Random repeats itself, so tests may draw from one; nothing else. */
  @Test
  void tests_neitherSleepNorReadClocksNorRollDice() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.caravan.time..")
        .should()
        .accessTargetWhere(
            target(
                describe(
                    "a clock or chance without a seed",
                    t -> clock(t) || (chance(t) && !t.getFullName().equals(SEEDED)))))
        .because("a test that waits for a clock fails on a slow machine, and chance cannot repeat")
        .check(ALL);
  }

  @Test
  void clockRule_whereClocksAreRead_bites() {
    assertThatThrownBy(
            () ->
                noClasses()
                    .should()
                    .accessTargetWhere(target(describe("a clock", ArchitectureTest::clock)))
                    .check(MAIN))
        .hasMessageContaining("nanoTime")
        .hasMessageContaining("currentTimeMillis");
  }

  private static final String SEEDED = "java.util.Random.<init>(long)";

  private static boolean clock(AccessTarget target) {
    String name = target.getName();
    return switch (target.getOwner().getName()) {
      case "java.lang.System" -> name.equals("nanoTime") || name.equals("currentTimeMillis");
      case "java.lang.Thread", "java.util.concurrent.TimeUnit" -> name.equals("sleep");
      case "java.time.Clock" -> name.startsWith("system") || name.startsWith("tick");
      case "java.util.Date" -> target.getFullName().equals("java.util.Date.<init>()");
      default -> name.equals("now") && target.getOwner().getPackageName().startsWith("java.time");
    };
  }

  /** SecureRandom too: {@code Secrets} is its door. */
  private static boolean chance(AccessTarget target) {
    String name = target.getName();
    return switch (target.getOwner().getName()) {
      case "java.lang.Math", "java.lang.StrictMath" -> name.equals("random");
      case "java.util.concurrent.ThreadLocalRandom",
          "java.util.random.RandomGenerator",
          "java.util.SplittableRandom",
          "java.security.SecureRandom" ->
          true;
      case "java.util.UUID" -> name.equals("randomUUID");
      case "java.util.Random" -> name.equals("<init>");
      case "java.util.Collections" ->
          target.getFullName().equals("java.util.Collections.shuffle(java.util.List)");
      default -> false;
    };
  }

  @Test
  void names_sayWhatAThingIs() {
    noClasses()
        .should()
        .haveNameMatching(".*(Util|Utils|Manager|Impl|Helper)")
        .because("such a name fits everything and says nothing")
        .check(ALL);
  }

  @Test
  void packages_areNullMarked() {
    classes()
        .should()
        .resideInAPackage("dev.caravan..")
        .andShould(
            new ArchCondition<JavaClass>("be in a package that is @NullMarked") {
              @Override
              public void check(JavaClass each, ConditionEvents events) {
                if (!each.getPackage().isAnnotatedWith(NullMarked.class)) {
                  events.add(SimpleConditionEvent.violated(each, each.getPackageName()));
                }
              }
            })
        .check(MAIN);
  }

  @Test
  void packages_sayInOneSentenceWhatTheyAre() throws IOException {
    Pattern sentence = Pattern.compile("^/\\*\\*\\s+(?:\\* )?[A-Z`{][^\\n]{9,}", Pattern.DOTALL);
    try (Stream<Path> all = Files.walk(SOURCES)) {
      for (Path folder : all.filter(Files::isDirectory).toList()) {
        Path info = folder.resolve("package-info.java");
        assertThat(info).exists();
        assertThat(Files.readString(info)).containsPattern(sentence);
      }
    }
  }

  @Test
  void files_areReadInOneSitting() throws IOException {
    try (Stream<Path> all = Files.walk(SOURCES)) {
      for (Path file : all.filter(f -> f.toString().endsWith(".java")).toList()) {
        String name = SOURCES.relativize(file).toString().replace('\\', '/');
        assertThat(Files.readAllLines(file).size())
            .as("lines of %s", name)
            .isLessThanOrEqualTo(LONGER.getOrDefault(name, MAX_LINES));
      }
    }
  }
}
