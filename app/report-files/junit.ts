import type { CheckResult, Finding, Report } from '../../checks/report/report.ts';

/** Reports as JUnit XML, one suite a check and one case a finding, for CI systems that show nothing else. Advisory findings are never failures. */
export function junitOf(reports: readonly Report[]): string {
  const suites = reports.flatMap((report) => report.checks.map((check) => suiteOf(report, check)));
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`;
}

function suiteOf({ model, version }: Report, { name, findings, durationMs }: CheckResult): string {
  const count = (kind: Outcome): number => findings.filter((finding) => outcomeOf(finding) === kind).length;
  const attributes = `name="${escaped(`${model} ${version} ${name}`)}" tests="${findings.length}" failures="${count('failure')}" errors="${count('error')}" skipped="${count('skipped')}" time="${(durationMs / 1000).toFixed(3)}"`;
  return `  <testsuite ${attributes}>\n${findings.map((finding) => caseOf(finding, model)).join('\n')}\n  </testsuite>`;
}

type Outcome = 'success' | 'failure' | 'error' | 'skipped';

/** What could not be told is an error there: a skipped case counts as fine everywhere. */
function outcomeOf({ verdict, severity }: Finding): Outcome {
  if (verdict === 'not-applicable' || (severity === 'advisory' && verdict !== 'pass')) return 'skipped';
  if (verdict === 'fail') return 'failure';
  return verdict === 'error' || verdict === 'inconclusive' ? 'error' : 'success';
}

function caseOf(finding: Finding, model: string): string {
  const outcome = outcomeOf(finding);
  const open = `    <testcase classname="${escaped(model)}" name="${escaped(finding.id)}"`;
  if (outcome === 'success') return `${open}/>`;
  return `${open}><${outcome} message="${escaped(finding.reason)}"/></testcase>`;
}

function escaped(text: string): string {
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      // oxlint-disable-next-line no-control-regex -- XML 1.0 has no way to write these.
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd')
  );
}
