import { waiverKeyOf } from '../../checks/check-model.ts';
import type { Report } from '../../checks/report/report.ts';
import { type Checked, checkedOf } from '../ledger/checked.ts';
import type { LedgerLine } from '../ledger/ledger.ts';
import { waiversOf } from '../proposals/waivers.ts';
import { pastOf, quarantinesOf } from './past.ts';

/** Whether what git names may be rolled out, and on whose word. */
export type Permit =
  | {
      readonly kind: 'allowed';
      readonly checks: Checked['checks'];
      readonly unchecked?: boolean;
      readonly report?: string;
    }
  /** This tree was not judged against what runs now. */
  | { readonly kind: 'unjudged'; readonly because: string }
  /** It was judged and did not pass, or nobody proposed it. `report`: its findings can be waived in the issue. */
  | {
      readonly kind: 'refused';
      readonly because: string;
      readonly report?: string;
      readonly issue?: number;
      readonly isQuarantine?: boolean;
    };

export interface Asked {
  readonly model: string;
  readonly revision: string;
  /** Git tree of the model's folder on the default branch. */
  readonly tree: string;
  /** The revision that production's stable arm runs; undefined when nothing runs. */
  readonly stable?: string;
  readonly now: Date;
}

/** `baseline` of a line while nothing ran. */
export const NO_BASELINE = 'none';

/**
 * Pure but for reading a report: what the ledger's lines allow. In order: a quarantined revision is refused; adopted and earlier
 * production is taken (with nothing running, as after a lost fleet); a tree that passed against what runs now is taken; a
 * refusal stands until its blocking findings are waived; everything else has to be judged first.
 */
export async function permitOf(
  lines: readonly LedgerLine[],
  asked: Asked,
  reportOf: (digest: string) => Promise<Report | undefined>,
): Promise<Permit> {
  const { model, revision, tree } = asked;
  const baseline = asked.stable ?? NO_BASELINE;
  const quarantine = quarantinesOf(lines, model).get(revision);
  if (quarantine !== undefined) {
    const because = `this revision is quarantined since ${quarantine.at.slice(0, 10)} by @${quarantine.by}: ${quarantine.because}`;
    const issue = refusalOf(lines, asked)?.data?.['issue'];
    return { kind: 'refused', because, isQuarantine: true, ...(typeof issue === 'number' ? { issue } : {}) };
  }
  const adopted = lines.some((line) => line.kind === 'adopted' && line.model === model && line.data?.['tree'] === tree);
  if (adopted) return { kind: 'allowed', checks: [], unchecked: true };
  const judgements = judgementsOf(lines, model, tree);
  const checked = judgements.findLast((each) => each.baseline === baseline);
  const wasProduction = asked.stable === undefined && pastOf(lines, model).some((each) => each.revision === revision);
  if (wasProduction) return { kind: 'allowed', checks: checked?.checks ?? [], ...reportIn(checked) };
  if (checked?.conclusion === 'success') {
    return { kind: 'allowed', checks: checked.checks, ...reportIn(checked) };
  }
  const refusal = refusalOf(lines, asked);
  if (refusal !== undefined) return refusalPermit(lines, refusal, asked, reportOf);
  if (judgements.length === 0) return { kind: 'unjudged', because: 'this tree was never judged' };
  if (checked === undefined) return { kind: 'unjudged', because: 'production has changed since it was judged' };
  return { kind: 'refused', because: `its checks ended with ${checked.conclusion}`, report: checked.report };
}

/** Every judgement of exactly this tree, oldest first, whichever proposal it came from. */
function judgementsOf(lines: readonly LedgerLine[], model: string, tree: string): readonly Checked[] {
  return lines
    .flatMap((line) => (line.model === model ? (checkedOf(line) ?? []) : []))
    .filter((checked) => checked.tree === tree);
}

/** The newest refusal of this tree over what runs now. */
function refusalOf(lines: readonly LedgerLine[], { model, tree, stable }: Asked): LedgerLine | undefined {
  return lines.findLast(
    ({ kind, model: of, data }) =>
      kind === 'refused' && of === model && data?.['tree'] === tree && data['baseline'] === (stable ?? NO_BASELINE),
  );
}

function reportIn(checked: Checked | undefined): { readonly report?: string } {
  return checked === undefined ? {} : { report: checked.report };
}

/** A refusal stands until every blocking finding of its report is waived in its issue. */
async function refusalPermit(
  lines: readonly LedgerLine[],
  refusal: LedgerLine,
  { model, now }: Asked,
  reportOf: (digest: string) => Promise<Report | undefined>,
): Promise<Permit> {
  const issue = refusal.data?.['issue'];
  const stands: Permit = {
    kind: 'refused',
    because: refusal.because ?? 'it was refused',
    ...(refusal.report === undefined ? {} : { report: refusal.report }),
    ...(typeof issue === 'number' ? { issue } : {}),
  };
  if (typeof issue !== 'number' || refusal.report === undefined) return stands;
  const report = await reportOf(refusal.report);
  if (report === undefined) return stands;
  const covered = new Set(waiversOf(lines, { model, subject: issue, now }).flatMap(({ covers }) => covers));
  const open = blockingFindings(report).filter((finding) => !covered.has(waiverKeyOf(finding)));
  if (open.length > 0) return stands;
  const checks = report.checks.map(({ name, conclusion }) => ({ name, conclusion }));
  return { kind: 'allowed', checks, report: refusal.report };
}

export function blockingFindings(report: Report): Report['checks'][number]['findings'] {
  return report.checks
    .filter(({ required }) => required)
    .flatMap(({ findings }) => findings)
    .filter(({ severity, verdict }) => severity === 'blocking' && ['fail', 'inconclusive', 'error'].includes(verdict));
}
