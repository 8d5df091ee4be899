import type { ReportConclusion } from '../../checks/report/report.ts';
import type { PlanRow } from '../dashboard/views.ts';
import type { LedgerEvent, LedgerLine } from './ledger.ts';

/**
 * What a `checked` line says: this tree of a model's folder was judged at this head against this baseline, and so it ended.
 * On a push, the rollout asks whether the tree that was merged is one that was judged, and against what runs now.
 */
export interface Checked {
  readonly model: string;
  readonly version: string;
  readonly revision: string;
  /** Undefined for a commit that came to the default branch without one. */
  readonly pullRequest?: number;
  /** The proposal's head, or that commit. */
  readonly commit: string;
  /** Git tree of the model's folder (`models/income`) at that head. */
  readonly tree: string;
  /** What production's stable arm ran when it was judged: a revision, or `none` before the first version. */
  readonly baseline: string;
  readonly conclusion: ReportConclusion;
  /** One a check, for provenance. */
  readonly checks: readonly { readonly name: string; readonly conclusion: string }[];
  /** `sha256:…` of the report in the ledger. */
  readonly report: string;
  /** ISO date-time. */
  readonly at: string;
  /** What would change in production, as the pull request's comment tells it. */
  readonly plan?: readonly PlanRow[];
  /** The same for two reports that say the same (`judgementKey`). */
  readonly judgement?: string;
}

/** The instant is in the key: a judgement that changed and changed back is told again. */
export function checkedEventOf(checked: Checked): LedgerEvent {
  return {
    kind: 'checked',
    key: `checked/${checked.pullRequest ?? 'push'}/${checked.model}/${checked.commit}/${checked.tree}/${checked.baseline}/${checked.at}`,
    at: checked.at,
    actor: 'slipway',
    model: checked.model,
    version: checked.version,
    revision: checked.revision,
    commit: checked.commit,
    ...(checked.pullRequest === undefined ? {} : { pullRequest: checked.pullRequest }),
    report: checked.report,
    data: {
      tree: checked.tree,
      baseline: checked.baseline,
      conclusion: checked.conclusion,
      checks: checked.checks.map(({ name, conclusion }) => ({ name, conclusion })),
      ...(checked.judgement === undefined ? {} : { judgement: checked.judgement }),
      ...(checked.plan === undefined ? {} : { plan: checked.plan.map((row) => ({ ...row })) }),
    },
  };
}

/** Undefined for a line of another kind, or one that lacks a field (written by a later program). */
export function checkedOf(line: LedgerLine): Checked | undefined {
  const { model, version, revision, commit, pullRequest, report, data } = line;
  if (line.kind !== 'checked' || data === undefined || model === undefined || version === undefined) return undefined;
  if (revision === undefined || commit === undefined || report === undefined) return undefined;
  const { tree, baseline, conclusion } = data;
  if (typeof tree !== 'string' || typeof baseline !== 'string' || !isConclusion(conclusion)) return undefined;
  const checks = checksOf(data['checks']);
  const plan = planOf(data['plan']);
  const judged = { model, version, revision, commit, tree, baseline, conclusion, checks, report, plan, at: line.at };
  const { judgement } = data;
  return {
    ...judged,
    ...(pullRequest === undefined ? {} : { pullRequest }),
    ...(typeof judgement === 'string' ? { judgement } : {}),
  };
}

/** The newest judgement of exactly this tree of the model's folder, whichever proposal it came from. */
export function lastChecked(lines: readonly LedgerLine[], model: string, tree: string): Checked | undefined {
  for (const line of lines.toReversed()) {
    const checked = line.model === model ? checkedOf(line) : undefined;
    if (checked?.tree === tree) return checked;
  }
  return undefined;
}

function isConclusion(value: unknown): value is ReportConclusion {
  return value === 'success' || value === 'failure' || value === 'action_required';
}

function checksOf(value: unknown): Checked['checks'] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) =>
    typeof entry === 'object' &&
    entry !== null &&
    'name' in entry &&
    'conclusion' in entry &&
    typeof entry.name === 'string' &&
    typeof entry.conclusion === 'string'
      ? [{ name: entry.name, conclusion: entry.conclusion }]
      : [],
  );
}

function planOf(value: unknown): readonly PlanRow[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((row: unknown): readonly PlanRow[] => {
    if (typeof row !== 'object' || row === null || !('subject' in row) || typeof row.subject !== 'string') return [];
    const fields: Record<string, unknown> = { ...row };
    const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : undefined);
    const [champion, candidate, note] = [text('champion'), text('candidate'), text('note')];
    return [
      {
        subject: row.subject,
        ...(champion === undefined ? {} : { champion }),
        ...(candidate === undefined ? {} : { candidate }),
        ...(note === undefined ? {} : { note }),
      },
    ];
  });
}
