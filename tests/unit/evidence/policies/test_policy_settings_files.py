"""Policy 10, of languages and their tools: which files are read without being asked for, and which settings beside others are of tests."""

from __future__ import annotations

import pytest

from dag_factory.evidence.policies.settings import compiled, holds, own, scans, shared


@pytest.mark.parametrize(
    "name",
    [
        "tox.toml", "noxfile.py", ".stestr.conf", "playwright-ct.config.ts", "web-test-runner.config.mjs", "detox.config.js", ".detoxrc.json",
        ".testcaferc.json", ".istanbul.yml", "wdio.conf.ts", "codecept.conf.js", "nightwatch.conf.cjs", "nightwatch.json", "spec/support/jasmine.json",
        "spec/support/jasmine.mjs", "cypress.json", "cypress.env.json", "cypress/support/e2e.ts", "cypress/plugins/index.js", "__mocks__/chai.js",
        "api/__mocks__/client.ts", "src/setupTests.ts", "codeception.dist.yml", "behat.yml.dist", "phpspec.yml", "kahlan-config.php", "tests/Pest.php",
        "META-INF/services/org.spockframework.runtime.extension.IGlobalExtension", "META-INF/services/org.mockito.plugins.MockMaker",
        "META-INF/services/io.kotest.core.extensions.Extension", "mockito-extensions/org.mockito.plugins.MockMaker", "kotest.properties",
        "META-INF/services/org.apache.maven.surefire.api.provider.SurefireProvider", "META-INF/services/org.assertj.core.configuration.Configuration",
        "SpockConfig.groovy", "archunit.properties", "archunit_ignore_patterns.txt", "tarpaulin.toml", ".tarpaulin.toml", ".rspec-local",
        ".testcoverage.yml", "Orders.Tests.xunit.runner.json", "testconfig.json", "Orders.testconfig.json", "Orders.xctestplan", "CTestCustom.cmake",
        "CTestTestfile.cmake", "gcovr.cfg", "gcovr.toml", "test_helper.exs", "coveralls.json", "tests.edn", ".hspec", "setup_suite.bash", ".shellspec",
        ".proverc", ".busted", ".luacov", "dart_test.yaml", "flutter_test_config.dart",
    ],
)  # fmt: skip
def test_what_a_runner_of_tests_reads_by_itself(name):
    assert own(name)
    assert own(f"src/deep/{name}")
    assert "/" in name or not own(f"{name}.md")
    assert not scans(name)


@pytest.mark.parametrize(
    "name",
    [
        ".gitguardian.yaml", ".dockleignore", ".kube-linter.yml", "kics.config", "zizmor.yml", ".deny.toml", ".nancy-ignore", "bearer.yml",
        "bearer.ignore", "horusec-config.json", ".njsscan", ".mobsf", "slither.config.json", ".sobelow-conf", ".sobelow-skips", "qodana.yaml",
        ".github/codeql/codeql-config.yml", "sonar-project.properties", ".spectral.yaml", ".spectral.js", ".cdxgenrc", ".cdxgen.json",
        "config/brakeman.yml",
    ],
)  # fmt: skip
def test_what_a_scanner_reads_by_itself(name):
    assert scans(name)
    assert scans(f"src/{name}")
    assert not scans(f"{name}.md")
    assert not own(name)


@pytest.mark.parametrize(
    "name",
    [
        "testing.json", "src/setup.ts", "src/orders/setupTests.ts", "mocks/chai.js", "cypress/readme", "support/e2e.ts", "environment.py", "Pest.php",
        "wdio.conf.j", "go.",
        "coverage.toml", "jasmine.json", "eslint.config.js", ".eslintignore", "ruff.toml", "grype.yaml", "bandit.yaml", "vendor/github.com/a/b/c.go",
    ],
)  # fmt: skip
def test_what_no_tool_reads_by_itself_or_is_of_other_use_too(name):
    assert not any(kind(name) for kind in (own, scans, shared))


SHARED = [
    "setup.cfg", "tox.ini", "setup.py", "a.egg-info/entry_points.txt", "a.dist-info/entry_points.txt", "vite.config.ts", "vite.config.mjs",
    "bunfig.toml", ".npmrc", ".mvn/maven.config", ".mvn/jvm.config", ".cargo/config", ".cargo/config.toml", "package.json", "pyproject.toml",
    "deno.json", "deno.jsonc", ".env", ".env.local", ".envrc", "mise.toml", ".mise.toml", "mise.ci.toml", "pom.xml", "build.gradle", "build.gradle.kts",
    "gradle.properties", "build.sbt", "Directory.Build.props", "Directory.Build.targets", "a.csproj", "a.vbproj", "a_test.go", "go.mod", "go.work",
    ".bazelrc", "dbt_project.yml", "macros/a/b.sql", "tests/generic/a.sql",
]  # fmt: skip


@pytest.mark.parametrize("name", SHARED)
def test_what_holds_settings_beside_others_is_told_by_its_whole_name(name):
    assert shared(name)
    assert shared(f"src/deep/{name}")
    assert not any(kind(name) for kind in (compiled, own, scans))
    assert name in (".cargo/config.toml", "deno.jsonc", ".env.local") or not shared(name[:-1])
    assert name == ".env.local" or not shared(f"{name}x")
    assert not shared(f"{name}/x")
    assert not shared(f"x{name}") or "-info/" in name or name.startswith("a")


@pytest.mark.parametrize(
    ("name", "section", "nearly"),
    [
        ("setup.cfg", "[tool:pytest]", "[tool:pytest"), ("setup.cfg", "[coverage:run]", "[coverage:run"), ("setup.cfg", "pytest11 =", "pytest11"),
        ("tox.ini", "[pytest]", "[pytest"), ("tox.ini", "[coverage:run]", "[coverage:run"), ("setup.py", "pytest11", "pytest1"),
        ("a.egg-info/entry_points.txt", "[pytest11]", "[pytest11"), ("a.dist-info/entry_points.txt", "[[hypothesis]]", "hypothesis]]"),
        ("vite.config.ts", "test: {}", "tests: {}"), ("bunfig.toml", "[test]", "[test"), ("bunfig.toml", "test.root = 1", "test"),
        (".npmrc", "node-options=x", "node-options"), (".mvn/maven.config", "-DskipTests", "-DskipTest"), (".mvn/jvm.config", "-javaagent", "-javaagen"),
        (".cargo/config", "runner = 'x'", "runner"), ("gradle.properties", "x=-Xbootclasspath/a:b", "x=-Xbootclasspat"),
        (".mvn/maven.config", "-Djacoco.skip", "-Djacoco"), ("go.mod", "replace gotest.tools/v3 => ./a", "replace gotest.tool => ./a"),
        ("macros/a.sql", "{% test relationships(model) %}", "{% test relationship(model) %}"), (".cargo/config", "include = ['x']", "include"),
        ("build.sbt", "Test / skip := true", "Test / skip :"), ("a_test.go", "func TestMain(m *testing.M) {", "func TestMains() {"),
    ],
)  # fmt: skip
def test_a_section_is_told_by_the_whole_of_how_it_begins(name, section, nearly):
    assert holds(name, f"# other\n{section}\n".encode())
    assert not holds(name, f"# other\n{nearly}\n".encode())
    assert not holds(name, f"# other\n{section}\n".encode(), scanned=True)


@pytest.mark.parametrize("tool", ["jest", "mocha", "nyc", "c8", "ava", "tap", "vitest", "jest-junit", "detox"])
def test_a_package_has_a_table_of_each_tool(tool):
    assert holds("package.json", f'{{"name": "orders", "{tool}": {{}}}}'.encode())
    assert not holds("package.json", f'{{"name": "{tool}"}}'.encode())


@pytest.mark.parametrize("tool", ["pytest", "coverage", "tox", "nose2", "behave"])
def test_a_project_has_a_table_of_each_tool(tool):
    assert holds("pyproject.toml", f"[tool.{tool}.options]\n".encode())
    assert not holds("pyproject.toml", f"[tool.other]\nname = '{tool}'\n".encode())


def test_a_table_of_the_product_has_settings_of_scans_in_a_section_of_their_own():
    assert holds("src/pyproject.toml", b"[tool.bandit]\nskips = ['B608']\n", scanned=True)
    assert not holds("src/pyproject.toml", b"[tool.orders]\n", scanned=True)
    assert not holds("src/package.json", b'{"bandit": {}}', scanned=True)


STEERING = [
    ("setup.cfg", "  [coverage:run]\n  omit = *\n"),
    ("setup.cfg", "[tox:tox]\nenvlist = none\n"),
    ("tox.ini", "[tox]\nenv_list = none\n"),
    ("tox.ini", " [testenv:py]\ncommands = true\n"),
    ("pyproject.toml", '[tool.tox]\nlegacy_tox_ini = ""\n'),
    ("pyproject.toml", "[tool.nose2]\nx = 1\n"),
    ("pyproject.toml", "[tool.behave]\nx = 1\n"),
    ("package.json", '{"jest-junit": {}}'),
    ("package.json", '{"detox": {}}'),
    ("deno.json", '{"test": {"exclude": ["hard"]}}'),
    ("deno.jsonc", '{"a": "// no", /* of\n tests */ "test": {"exclude": ["hard",],},} // x'),
    ("bunfig.toml", "[ test ]\npreload = ['./x']\n"),
    ("bunfig.toml", '["test"]\npreload = ["./x"]\n'),
    ("bunfig.toml", '["\\u0074est"]\npreload = ["./x"]\n'),
    ("bunfig.toml", "[test.reporter]\njunit = 'x'\n"),
    ("bunfig.toml", "test = {preload = ['./x']}\n"),
    ("bunfig.toml", "preload = ['./x']\n"),
    (".npmrc", '"node-options" = --require ./x\n'),
    (".npmrc", "node${NONE?}-options=--require ./x\n"),
    (".npmrc", "node-options[]=--require ./x\n"),
    (".npmrc", "script-shell=/bin/true\n"),
    ("vite.config.ts", "export default { ['test']: { exclude: ['hard'] } }"),
    ("vite.config.ts", "const test = {}\nexport default { test }"),
    ("vite.config.ts", "export default { get test() { return { exclude: ['hard'] } } }"),
    ("vite.config.ts", "config.test = { exclude: ['hard'] }"),
    ("vite.config.ts", "export default { t\\u0065st: { exclude: ['hard'] } }"),
    (".mvn/maven.config", "-D\nskipTests\n"),
    (".mvn/maven.config", "--define=skipTests\n"),
    (".mvn/maven.config", "-B\n-fn\n"),
    (".mvn/maven.config", "--fail-never\n"),
    (".mvn/maven.config", "-pl\ncore\n"),
    (".mvn/jvm.config", "-Xmx1g -Xbootclasspath/a:x.jar\n"),
    (".mvn/jvm.config", "-agentpath:x\n"),
    (".cargo/config.toml", "[target.x86_64-unknown-linux-gnu]\n'runner' = 'true'\n"),
    (".cargo/config.toml", '[target.x]\n"r\\u0075nner" = "true"\n'),
    (".cargo/config.toml", '[target.x]\n"\\U00000072unner" = "true"\n'),
    (".cargo/config.toml", '[build]\n"rustc-wrapper" = "x"\n'),
    (".cargo/config.toml", '[build]\nrustc = "x"\n'),
    (".cargo/config.toml", "[alias]\nllvm-cov = 'x'\n"),
    (".cargo/config.toml", "[env]\nNEXTEST_PROFILE = 'x'\n"),
    (".cargo/config.toml", "include = ['other.toml']\n"),
    (".env", "A=b\nPYTEST_ADDOPTS=-k easy\n"),
    (".env.test", 'export COVERAGE_RCFILE="x"\n'),
    (".envrc", "export NODE_OPTIONS='--require ./x'\n"),
    (".env", "RUBYOPT=-r./x\n"),
    (".env", "GOFLAGS=-run=Easy\n"),
    (".env", "JAVA_TOOL_OPTIONS=-javaagent:x.jar\n"),
    ("mise.toml", "[env]\nPYTEST_ADDOPTS = '-k easy'\n"),
    (".mise.toml", "[env]\nBASH_ENV = 'x'\n"),
    ("pom.xml", "<properties><maven.test.skip>true</maven.test.skip></properties>"),
    ("pom.xml", "<properties><skipTests> true </skipTests></properties>"),
    ("pom.xml", "<configuration><testFailureIgnore>true</testFailureIgnore></configuration>"),
    ("pom.xml", "<configuration><rerunFailingTestsCount>3</rerunFailingTestsCount></configuration>"),
    ("pom.xml", "<configuration><excludedGroups>hard</excludedGroups></configuration>"),
    ("pom.xml", "<groups>easy</groups>"),
    ("build.gradle", "test {\n  ignoreFailures = true\n}\n"),
    ("build.gradle", "tasks.withType(Test) { enabled = false }\n"),
    ("build.gradle.kts", "tasks.test {\n  onlyIf { false }\n}\n"),
    ("build.gradle.kts", 'tasks.test { filter { excludeTestsMatching("hard") } }\n'),
    ("build.gradle.kts", 'useJUnitPlatform { excludeTags("hard") }\n'),
    ("gradle.properties", "org.gradle.jvmargs=-javaagent:x.jar\n"),
    ("build.sbt", "Test / test := {}\n"),
    ("build.sbt", 'coverageExcludedPackages := "hard"\n'),
    ("build.sbt", "Test / testOptions += Tests.Filter(_ => false)\n"),
    ("Directory.Build.props", "<VSTestTestCaseFilter>Category=Easy</VSTestTestCaseFilter>"),
    ("Directory.Build.targets", "<RunSettingsFilePath>x</RunSettingsFilePath>"),
    ("Orders.csproj", "<ExcludeByFile>**/hard.cs</ExcludeByFile>"),
    ("orders/more_test.go", "package orders\n\nfunc TestMain(m *testing.M) { os.Exit(0) }\n"),
    ("orders/more_test.go", "package orders\nfunc /* all */ // of it\n TestMain (m *testing.M) {}\n"),
    ("go.mod", "module x\nreplace github.com/stretchr/testify => ./kind\n"),
    ("go.work", "replace (\n\tgithub.com/onsi/gomega v1.0.0 => ./kind\n)\n"),
    (".bazelrc", "test --test_tag_filters=-hard\n"),
    (".bazelrc", "build --flaky_test_attempts=9\n"),
    ("dbt_project.yml", "name: x\ndata_tests:\n  +store_failures: true\n\n  x:\n    +enabled: false\n"),
    ("dbt_project.yml", "tests: {x: {+severity: warn}}\n"),
    ("dbt_project.yml", 'tests:\n  +where: "1 = 0"\n'),
    ("macros/kind.sql", "{%- test not_null(model, column_name) %} select 1 where false {% endtest %}"),
    ("tests/generic/kind.sql", "{% data_test unique(model) %}{% enddata_test %}"),
    ("macros/kind.sql", "{% macro default__test_accepted_values(model) %}{% endmacro %}"),
    ("macros/kind.sql", "{% macro get_test_sql(main_sql) %}{% endmacro %}"),
    ("macros/kind.sql", "{% materialization test, default %}{% endmaterialization %}"),
]


@pytest.mark.parametrize(("name", "text"), STEERING)
def test_settings_of_tests_beside_others_however_they_are_spelled(name, text):
    assert shared(name)
    assert shared(f"src/{name}")
    assert holds(f"src/{name}", text.encode())
    assert not holds(name, text.encode(), scanned=True)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vite.config.ts", "import { defineConfig, test } from 'x'\n"),
        ("vite.config.ts", "export default { groups: [{ name: 'vendor', test: /react/ }, { test: /a\\/b/g, priority: 1 }] }"),
        (
            "pom.xml",
            "<!-- <skipTests>true</skipTests> --><skipITs>false</skipITs><skipTests>${skip.all}</skipTests><!-- <groups>easy</groups>",
        ),
        ("pom.xml", "<excludedGroups></excludedGroups><rerunFailingTestsCount>0</rerunFailingTestsCount><groups><group/></groups>"),
        ("build.gradle", "test {\n  useJUnitPlatform()\n}\ncheckstyle { ignoreFailures = true }\n// test { ignoreFailures = true }\n"),
        ("build.gradle.kts", "tasks.test { ignoreFailures = false; enabled = true }\n"),
        ("build.gradle.kts", "tasks.test { useJUnitPlatform() }\n// tasks.test { ignoreFailures = true }\n"),
        ("gradle.properties", "org.gradle.jvmargs=-Xmx2g\n"),
        ("build.sbt", "Test / parallelExecution := false\n// Test / test := {}\nlibraryDependencies += munit % Test\n"),
        (".env", "DATABASE_URL=x\nNODE_OPTIONS=--max-old-space-size=4096\nGOFLAGS=-mod=mod\nJAVA_TOOL_OPTIONS=-Xmx1g\nRUBYOPT=-W0\n"),
        ("mise.toml", '[tools]\nnode = "22"\n[env]\nMODE = "test"\n'),
        ("a_test.go", "package a\n// TestMain is elsewhere\nfunc TestA(t *testing.T) { helper() }\n"),
        ("go.mod", "module x\nrequire github.com/stretchr/testify v1.9.0\nreplace example.com/a => ./a\n"),
        (
            "dbt_project.yml",
            "models:\n  x:\n    +enabled: false\ntests:\n  +store_failures: true\n  x:\n    +severity: error\nseeds:\n  +enabled: false\n",
        ),
        ("macros/cents.sql", "{% macro cents(c) %} {{ c }} {% endmacro %}{% test is_even(model) %}{% endtest %}"),
        ("bunfig.toml", '[install]\nregistry = "x"\n[run]\nshell = "system"\n'),
        ("bunfig.toml", '[install]\ncache = "C:\\U000cache"\n'),
        ("deno.jsonc", '{\n // the tasks\n "tasks": {"test": {"command": "deno test"}, "a": "/* b", },\n}'),
        (".bazelrc", "test --test_output=errors\nbuild --config=remote\n"),
        (".npmrc", "registry=https://example.org\nsave-exact=true\n"),
        (".mvn/maven.config", "-T1C\n-B\n-Drevision=1\n--no-transfer-progress\n"),
        (
            ".cargo/config.toml",
            '[build]\nrustflags = ["-C", "target-cpu=native"]\n[env]\nSQLX_OFFLINE = "true"\n[target.x]\nlinker = "clang"\n',
        ),
        ("Orders.csproj", '<PackageReference Include="coverlet.collector"/>'),
    ],
)
def test_settings_of_a_product_are_not_taken_for_those_of_its_tests(name, text):
    assert shared(name)
    assert not holds(name, text.encode())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pom.xml", "<!--" * 100_000),
        ("deno.jsonc", "/*" * 90_000),
        ("deno.jsonc", '"' * 180_001),
        ("deno.jsonc", ", " * 90_000),
        ("dbt_project.yml", "tests:\n" * 60_000),
        ("dbt_project.yml", "tests:\n" + " x:\n" * 90_000),
        ("a_test.go", "func /**/ " * 40_000),
        ("a_test.go", "func" + " " * 400_000),
        ("build.gradle", "test {\n" * 60_000),
        ("macros/a.sql", "{%" + " " * 400_000),
    ],
)
def test_no_text_takes_for_ever(name, text):
    assert not holds(name, text.encode())
