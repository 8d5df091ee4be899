import { checkedEventOf, checkedOf } from '../ledger/checked.ts';
import type { Report } from '../../checks/report/report.ts';
import type { Checked } from '../ledger/checked.ts';
import type { Ledger, LedgerLine } from '../ledger/ledger.ts';
import { reportDigest } from '../ledger/report-digest.ts';
import type { Judgement } from './judge-model.ts';
import { judgementKey } from './judgement-key.ts';

/**
 * Writes a judgement and its report into the ledger; one that says what the last one said writes nothing. Returns the report as
 * the ledger has it: people are shown what can be found again by its digest.
 */
export async function recordJudgement(
  ledger: Ledger,
  judgement: Judgement,
  about: Pick<Checked, 'commit' | 'tree' | 'pullRequest'> & { readonly at: Date },
  signal: AbortSignal,
): Promise<Report> {
  const { report, loaded, production, rows } = judgement;
  const checked: Checked = {
    model: loaded.manifest.name,
    version: loaded.manifest.version,
    revision: loaded.revision,
    ...(about.pullRequest === undefined ? {} : { pullRequest: about.pullRequest }),
    commit: about.commit,
    tree: about.tree,
    baseline: production?.revision ?? 'none',
    conclusion: report.conclusion,
    checks: report.checks.map(({ name, conclusion }) => ({ name, conclusion })),
    report: reportDigest(report),
    at: about.at.toISOString(),
    plan: rows,
    judgement: judgementKey(report),
  };
  const { lines } = await ledger.read(signal);
  const known = lastSaid(lines, checked);
  const kept = known === undefined ? undefined : await ledger.report(known.report, signal);
  if (kept !== undefined) return kept;
  // Together, so that they become one commit.
  await Promise.all([ledger.putReport(report, signal), ledger.append([checkedEventOf(checked)], signal)]);
  return report;
}

/** The newest judgement of this model in this proposal, when it says the same. */
function lastSaid(lines: readonly LedgerLine[], checked: Checked): Checked | undefined {
  const last = lines
    .flatMap((line) => checkedOf(line) ?? [])
    .findLast(({ model, pullRequest }) => model === checked.model && pullRequest === checked.pullRequest);
  const isSame = (['commit', 'tree', 'baseline', 'judgement'] as const).every((name) => last?.[name] === checked[name]);
  return isSame ? last : undefined;
}
