import type { Check } from './check.ts';
import type { CheckOptions, ModelProposal } from './check-model.ts';
import { checkResultOf, reportConclusionOf } from './conclusion.ts';
import { environmentOf } from './environment.ts';
import { isolationHere } from './evidence/limited-child.ts';
import { pass } from './finding.ts';
import type { LoadedManifest } from './manifest/manifest.ts';
import { folderOf } from './manifest/parse-manifest.ts';
import { findingOfProblem, type Problem } from './manifest/problem.ts';
import { headOf } from './report-head.ts';
import type { Finding, Report } from './report/report.ts';

/** A manifest that cannot be read: its problems, and every other check saying that it had nothing to judge. */
export function unreadableReport(
  problems: readonly Problem[],
  proposal: ModelProposal,
  wanted: readonly Check[],
  options: CheckOptions,
): Report {
  const context = { policy: proposal.policy, waivers: [], now: options.now };
  const results = wanted.map(({ name }) => {
    const findings: readonly Finding[] =
      name === 'manifest'
        ? problems.map(findingOfProblem)
        : [
            {
              id: `${name}/manifest`,
              verdict: 'inconclusive',
              severity: 'blocking',
              reason: 'cannot be judged: the manifest cannot be read (see manifest)',
              measured: {},
            },
          ];
    const title = name === 'manifest' ? unreadableTitle(problems) : 'the manifest cannot be read';
    const result = checkResultOf(name, { findings, title }, 0, context);
    options.onResult?.(result);
    return result;
  });
  return {
    model: folderOf(proposal.path).split('/').at(-1) ?? proposal.path,
    version: 'unknown',
    revision: 'unknown',
    digest: 'unknown',
    baseline: { kind: 'simple' },
    conclusion: reportConclusionOf(results),
    checks: results,
    defaults: {},
    environment: environmentOf(isolationHere()),
  };
}

function unreadableTitle(problems: readonly Problem[]): string {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return first === undefined ? 'the manifest cannot be read' : `${first.reason}${more}`;
}

/** Bringing git back to what a held fleet runs is what ends the hold: it was judged when it was merged. */
export function restoringReport(
  loaded: LoadedManifest,
  restores: NonNullable<ModelProposal['restores']>,
  proposal: ModelProposal,
  wanted: readonly Check[],
  options: CheckOptions,
): Report {
  const context = { policy: proposal.policy, waivers: [], now: options.now };
  const reason = `restores exactly what the held fleet runs since ${restores.since}`;
  const results = wanted.map(({ name }) => {
    const judgement =
      name === 'manifest'
        ? {
            findings: [pass('manifest/restores', reason, { revision: restores.revision, since: restores.since })],
            title: reason,
          }
        : {
            findings: [
              {
                id: `${name}/restores`,
                verdict: 'not-applicable',
                severity: 'blocking',
                reason,
                measured: {},
              } as const,
            ],
            title: 'not asked: this restores what runs',
          };
    const result = checkResultOf(name, judgement, 0, context);
    options.onResult?.(result);
    return result;
  });
  return {
    ...headOf(loaded, { kind: 'production', version: loaded.manifest.version, revision: restores.revision }),
    conclusion: reportConclusionOf(results),
    checks: results,
    environment: environmentOf(isolationHere()),
  };
}
