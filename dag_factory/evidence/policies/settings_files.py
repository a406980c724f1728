"""What files of settings are called that a runner of tests or a scanner reads by itself, and how settings of tests begin in files that hold others too.

Only names that a tool looks for without being told are here: what a command names is for whoever wrote the plan to look at.
"""

from __future__ import annotations

import re

__all__ = ["JSON", "OWN", "SCANNED", "SCANS", "SECTIONS", "TABLES"]

_JS = r"[cm]?[jt]s"
OWN = re.compile(
    r"(.*/)?("
    r"conftest\.py|\.?pytest\.(ini|toml)|\.coveragerc(\.toml)?|tox\.toml|noxfile\.py|\.stestr\.conf"  # pytest, coverage.py and what runs them
    r"|(site|user)customize(\.py|\.([\w-]+\.)?(so|pyd)|/.*)"  # Python itself
    r"|(jest|vitest|nyc|ava|playwright(-ct)?|cypress|detox|web-test-runner)\.config\.[a-z]+|vitest\.workspace\.[a-z]+|karma\.conf\.[a-z]+"
    r"|\.(mocharc|nycrc|testcaferc|detoxrc)(\.[a-z]+)?|\.c8rc(\.json)?|\.istanbul\.ya?ml"
    rf"|(wdio|codecept|nightwatch)\.conf\.{_JS}|nightwatch\.json|spec/support/jasmine\.(json|{_JS})|cypress(\.env)?\.json|cypress/(support|plugins)/.*"
    r"|__mocks__/.*|src/setupTests\.[jt]sx?"  # which Jest and Create React App take without being asked
    r"|phpunit(\.dist)?\.xml(\.dist)?|(codeception|behat|phpspec)(\.dist)?\.ya?ml(\.dist)?|kahlan-config\.php|tests?/Pest\.php"
    r"|junit-platform\.properties|META-INF/services/(org\.(junit|testng|spockframework|mockito|assertj|apache\.maven\.surefire)|io\.kotest)\..*"
    r"|mockito-extensions/.*|kotest\.properties|SpockConfig\.groovy|archunit(\.properties|_ignore_patterns\.txt)|testng\.xml"
    r"|\.config/nextest\.toml|\.?tarpaulin\.toml|\.rspec(-local)?|\.simplecov|\.testcoverage\.ya?ml"
    r"|\.behaverc|behave\.ini|nose2\.cfg|unittest\.cfg|\.taprc|cucumber\.([cm]?js|json|ya?ml)"
    r"|([^/]+\.)?(xunit\.runner|testconfig)\.json|[^/]*\.(runsettings|xctestplan)"
    r"|CTest(Custom|Testfile)\.(cmake|ctest)|gcovr\.(cfg|toml)|test_helper\.exs|coveralls\.json|tests\.edn|\.hspec"
    r"|setup_suite\.bash|\.shellspec(-local)?|\.proverc|\.busted|\.luacov|dart_test\.yaml|flutter_test_config\.dart"
    r")"
)
"""Files that steer nothing but tests, what is measured, or how every Python starts."""
SCANS = re.compile(
    r"(.*/)?("
    r"\.trivyignore(\.ya?ml)?|trivy(-secret)?\.ya?ml|osv-scanner\.toml|\.grype(\.ya?ml|/config\.ya?ml)|\.snyk|\.syft(\.ya?ml|/config\.ya?ml)"
    r"|\.semgrepignore|\.bandit|brakeman\.(ignore|ya?ml)|\.gitleaks\.toml|\.gitleaksignore|\.secrets\.baseline|\.gitguardian\.ya?ml"
    r"|\.checkov\.ya?ml|\.tfsec/config\.(json|ya?ml)|\.hadolint\.ya?ml|\.dockleignore|\.kube-linter\.ya?ml|kics\.config|zizmor\.ya?ml"
    r"|\.cargo/audit\.toml|\.?deny\.toml|\.nsprc|audit-ci\.jsonc?|\.retireignore(\.json)?|\.safety-policy\.ya?ml|\.bundler-audit\.ya?ml|\.nancy-ignore"
    r"|bearer\.(ya?ml|ignore)|horusec-config\.json|\.(njsscan|mobsf)|slither\.config\.json|\.sobelow-(conf|skips)|qodana\.ya?ml|codeql-config\.ya?ml"
    r"|sonar-project\.properties|\.spectral\.(ya?ml|json|js)|\.cdxgen(rc|\.json|\.ya?ml)"
    r")"
)
"""Files that steer nothing but what a scan looks at, and which of its findings it keeps to itself."""
_AGENT = r"-javaagent|-agentpath|-Xbootclasspath"
_ENVIRONMENT = (
    r"^[^\S\n]*((export|set)\s+)?[\"']?("
    r"(PYTEST_(ADDOPTS|PLUGINS|DISABLE_PLUGIN_AUTOLOAD)|COVERAGE_(RCFILE|PROCESS_START)|PYTHONHOME|BASH_ENV|LD_PRELOAD|SPEC_OPTS|TESTOPTS"
    r"|PHP_INI_SCAN_DIR|DOTNET_STARTUP_HOOKS|RUSTC_(WORKSPACE_)?WRAPPER|NEXTEST_\w+|CARGO_\w*RUNNER)[\"']?\s*[=:]"
    r"|(NODE|BUN)_OPTIONS[\"']?\s*[=:].*(-r\b|--(require|import|preload|(experimental-)?loader)\b)"
    r"|(RUBYOPT|PERL5OPT)[\"']?\s*[=:].*-[rMI]|GOFLAGS[\"']?\s*[=:].*-(run|skip|short|exec|toolexec|overlay)\b"
    r"|(_JAVA_OPTIONS|(JAVA_TOOL|JDK_JAVA)_OPTIONS|MAVEN_(OPTS|ARGS)|GRADLE_OPTS)[\"']?\s*[=:].*"
    rf"({_AGENT}|-Dmaven\.test\.|-DskipTests|-Dtest=))"
)
"""Variables by which tests are steered, in files from which an environment is made; those with other uses only by what they say."""
_MAVEN = r"skipTests|skipITs|maven\.test\.|surefire\.|failsafe\.|test=|it\.test=|groups=|excludedGroups=|jacoco\."
_ASSERTING = r"github\.com/(stretchr/testify|onsi/(ginkgo|gomega)|google/go-cmp|frankban/quicktest|matryer/is)|gotest\.tools"  # what Go's tests assert with
_OF_DBT = r"unique|not_null|accepted_values|relationships"
SECTIONS = {
    re.compile(rf"(?:.*/)?(?:{name})"): re.compile(section, re.MULTILINE)
    for name, section in {
        r"setup\.cfg": r"^[^\S\n]*\[(tool:pytest|coverage:\w+|tox:tox)\]|^[^\S\n]*pytest11\s*=",
        r"tox\.ini": r"^[^\S\n]*\[(pytest|coverage:\w+|tox|testenv[^\]\n]*)\]",
        r"setup\.py": r"\bpytest11\b",
        r"[^/]+\.(dist|egg)-info/entry_points\.txt": r"^[^\S\n]*\[+(pytest11|hypothesis)\]",
        r"vite\.config\.[cm]?[jt]s": (
            r"\btest[\"'`]?\]?\s*:(?!\s*/(?:[^/\n\\]|\\.)+/[a-z]*\s*[,}\n])"  # a pattern is of something else, as of parts that Rolldown puts together
            r"|\.test\s*=[^=]|\btest\(\s*\)\s*\{|[{,]\s*test\s*[,}](?![^\n]*\bfrom\b)"
        ),
        r"bunfig\.toml": r"^[^\S\n]*(\[\s*[\"']?test[\"']?\s*[\].]|[\"']?test[\"']?\s*[.=]|[\"']?preload[\"']?\s*=)",
        r"\.npmrc": r"^[^\S\n]*[\"']?(node-options|script-shell)(\[\])?[\"']?[^\S\n]*=",
        r"\.mvn/(maven|jvm)\.config": (
            rf"(?:-D|--define[=\s])\s*[\"']?({_MAVEN})|{_AGENT}|^\s*(-fn|--fail-never|-pl|--projects|-f|--file)(?=[\s=]|$)"
        ),
        r"\.cargo/config(\.toml)?": (
            r"\b(runner|rustc(-workspace)?-wrapper|rustc|nextest|llvm-cov|tarpaulin)[\"']?\s*=|\b(LD_PRELOAD|NEXTEST_\w+)[\"']?\s*="
            r"|^[^\S\n]*[\"']?include[\"']?\s*="
        ),
        r"\.env(\.[\w.-]+)?|\.envrc|\.?mise(\.[\w-]+)?\.toml": _ENVIRONMENT,
        r"pom\.xml": (
            r"<(skipTests|skipITs|maven\.test\.(skip|skip\.exec|failure\.ignore)|testFailureIgnore|skipExec)>(?!\s*(false|\$\{[^{}<]*\})\s*<)"
            r"|<(rerunFailingTestsCount|surefire\.rerunFailingTestsCount|failsafe\.rerunFailingTestsCount)>(?!\s*0\s*<)"
            r"|<excludedGroups>(?!\s*<)|<groups>(?!\s*<)"
        ),
        r"build\.gradle(\.kts)?": (
            r"\b(excludeTestsMatching|excludeTags|excludeCategories)\b"
            r"|\b[tT]est\b[^{}\n]*\{[^{}]*\b(ignoreFailures(\s*=?\s*true|\.set\(true)|setIgnoreFailures\(|maxRetries|onlyIf|enabled\s*=?\s*false)"
        ),
        r"gradle\.properties": _AGENT,
        r"build\.sbt": (
            r"\bcoverageExcluded(Packages|Files)\s*:=|\bTests\.(Filter|Exclude)\b"
            r"|\bTest\s*/\s*(test|testOnly|testQuick|definedTests|skip|sources|unmanagedSourceDirectories)\s*:="
        ),
        r"Directory\.Build\.(props|targets)|[^/]+\.(cs|fs|vb)proj": (
            r"<(VSTestTestCaseFilter|VSTestSetting|RunSettingsFilePath|ExcludeByFile|ExcludeByAttribute|TestingPlatformCommandLineArguments)\b"
        ),
        r"[^/]+_test\.go": r"\bfunc(?:\s|/\*[^*]*\*/|//[^\n]*\n)++TestMain\s*\(",
        r"go\.(mod|work)": rf"^\s*(replace\s+)?[\"`]?({_ASSERTING})\S*\s+(v\S+\s+)?=>",
        r"\.bazelrc": r"^\s*(test|coverage|common|build)\b[^\n]*--(test_\w*filters?|flaky_test_attempts|run_under)\b",
        r"dbt_project\.yml": (
            r"^(?:data_)?tests:(?:[^\n]|\n(?=[ \t\n]))*?(?:[{,][ \t]*|\n[ \t]+)[\"']?\+?"
            r"(?:enabled[\"']?\s*:\s*[\"']?(?:false|no\b|off|\{)|severity[\"']?\s*:\s*[\"']?warn|(?:error_if|warn_if|where|limit)[\"']?\s*:)"
        ),
        r"(macros|tests/generic)/.*\.sql": (
            rf"\{{%[-+]?\s*(?:(?:data_)?test\s+(?:{_OF_DBT})\b|materialization\s+test\b|macro\s+(?:\w+__)?(?:test_(?:{_OF_DBT})|get_(?:unit_)?test_sql)\b)"
        ),
    }.items()
}
"""By the whole path of a file that holds settings beside others, how those of tests begin in it."""
TABLES = {
    "pyproject.toml": ("pytest", "coverage", "tox", "nose2", "behave"),
    "package.json": ("jest", "mocha", "nyc", "c8", "ava", "tap", "vitest", "jest-junit", "detox"),
    "deno.json": ("test",),
    "deno.jsonc": ("test",),
}
"""By the name of a table, its sections of tests; of `pyproject.toml`, those below `tool`."""
SCANNED = {"pyproject.toml": ("bandit",)}
"""Likewise, of scans."""
JSON = (".json", ".jsonc")
