import type { CheckResult, ReportConclusion } from '../../checks/report/report.ts';
import type { CheckRunOutput } from '../github/check-runs.ts';
import { actions } from './check-run-output.ts';

/** What the summary check, `slipway`, rests on: one model of the proposal. */
export interface ModelVerdict {
  readonly model: string;
  readonly version?: string;
  readonly conclusion: ReportConclusion;
  readonly checks: readonly CheckResult[];
}

export const summaryName = 'slipway';

/**
 * The summary check run, the one that branch protection requires: never neutral or skipped, which GitHub takes for a pass.
 */
export function summaryOutput(verdicts: readonly ModelVerdict[], detailsUrl?: string): CheckRunOutput {
  const link = detailsUrl === undefined ? {} : { detailsUrl };
  if (verdicts.length === 0)
    return {
      conclusion: 'success',
      title: 'No model changed',
      summary: 'This pull request changes no model, so there is nothing to judge.',
      annotations: [],
      actions: [],
      ...link,
    };
  return {
    conclusion: conclusionOf(verdicts),
    title: titleOf(verdicts),
    summary: verdicts.map(sectionOf).join('\n\n'),
    annotations: [],
    actions: [actions.reRun],
    ...link,
  };
}

export const failedTitle = 'Slipway could not judge this';

/** When Slipway itself or the world failed: closed as a failure that says so, never left open. */
export function failedOutput(reason: string): CheckRunOutput {
  return {
    conclusion: 'failure',
    title: failedTitle,
    summary: `${reason}\n\nNothing is known about the models. **Re-run** tries again, and so does Slipway itself.`,
    annotations: [],
    actions: [actions.reRun],
  };
}

export function cancelledOutput(reason: string): CheckRunOutput {
  return { conclusion: 'cancelled', title: reason, summary: `${reason}.`, annotations: [], actions: [actions.reRun] };
}

/** A fail outranks, else what could not be told. */
export function conclusionOf(verdicts: readonly Pick<ModelVerdict, 'conclusion'>[]): ReportConclusion {
  const has = (conclusion: ReportConclusion) => verdicts.some((verdict) => verdict.conclusion === conclusion);
  if (has('failure')) return 'failure';
  return has('action_required') ? 'action_required' : 'success';
}

/** What decided, in the words of the check that did, since those hold the number; of several models, each named. */
function titleOf(verdicts: readonly ModelVerdict[]): string {
  const blocked = verdicts.filter((verdict) => decidingTitle(verdict) !== undefined);
  const told = blocked.length > 0 ? blocked : verdicts;
  return told
    .map((verdict) => {
      const title = decidingTitle(verdict) ?? passedTitle(verdict);
      return verdicts.length === 1 ? title : `${nameOf(verdict)}: ${title}`;
    })
    .join(' · ');
}

/** The checks that told against a version, or what was waived; and by how much it is better, where that was asked. */
export function passedTitle({ checks }: Pick<ModelVerdict, 'checks'>): string {
  const waived = checks.filter(hasWaiver).map(({ name }) => name);
  if (waived.length > 0) return `passed, with findings waived in ${waived.join(', ')}`;
  const asked = checks.filter(({ conclusion }) => conclusion !== 'skipped');
  const passed = asked.filter(({ conclusion }) => conclusion === 'success');
  const comparison = passed.find(({ name }) => name === 'baseline')?.title;
  const count =
    passed.length === asked.length
      ? `${passed.length === 1 ? 'the only check' : `all ${passed.length} checks`} passed`
      : 'every required check passed';
  return comparison === undefined ? count : `${count}; ${comparison}`;
}

/** The title of the check that decided, with the names of the others that did; undefined when nothing blocks. */
export function decidingTitle({ checks }: Pick<ModelVerdict, 'checks'>): string | undefined {
  const deciding = worstFirst(checks.filter(isDeciding));
  const [first, ...others] = deciding;
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` (and ${others.map(({ name }) => name).join(', ')})`;
  return `${first.name}: ${first.title}${more}`;
}

const rank = { failure: 0, action_required: 1, success: 2, skipped: 3 } as const satisfies Record<
  CheckResult['conclusion'],
  number
>;

function worstFirst(checks: readonly CheckResult[]): readonly CheckResult[] {
  return checks.toSorted((a, b) => rank[a.conclusion] - rank[b.conclusion]);
}

function sectionOf(verdict: ModelVerdict): string {
  const rows = worstFirst(verdict.checks).map((check) => {
    const word = words[check.conclusion];
    return `| ${isDeciding(check) ? `**${word}**` : word} | ${check.name} | ${cell(check.title)} |`;
  });
  return [`**${nameOf(verdict)}**`, '', '| | check | |', '|---|---|---|', ...rows].join('\n');
}

const words = {
  success: 'passed',
  skipped: 'nothing to judge',
  action_required: 'cannot say',
  failure: 'failed',
} as const satisfies Record<CheckResult['conclusion'], string>;

function isDeciding({ required, conclusion }: CheckResult): boolean {
  return required && (conclusion === 'failure' || conclusion === 'action_required');
}

function hasWaiver({ findings }: CheckResult): boolean {
  return findings.some(({ verdict }) => verdict === 'waived');
}

function nameOf({ model, version }: ModelVerdict): string {
  return version === undefined ? model : `${model} ${version}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
