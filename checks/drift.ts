import type { Check, Judgement } from './check.ts';
import { compareSamples, type DriftComparison } from './drift/compare-samples.ts';
import { driftFigures } from './drift/drift-figures.ts';
import { driftFindings } from './drift/drift-findings.ts';
import { evidenceSamples } from './drift/evidence-samples.ts';
import type { Evidence } from './evidence/evidence.ts';
import { inconclusive, missingFinding, notApplicable } from './finding.ts';
import { limitText, numberText, plural, pValueText } from './report/format.ts';
import { driftOf } from './report/measured.ts';
import type { Finding } from './report/report.ts';

/** Where neither manifest nor policy says otherwise; part of the manifest's contract. */
const EFFECT = { psi: 0.1, auc: 0.6 } as const;
const SEED = 1;
/** Fewer rows show no shift that a limit is made for. */
const FEWEST_ROWS = 200;
const NO_ROWS = `Name a drift.reference of at least ${FEWEST_ROWS} rows.`;
const NO_COLUMN = 'Name data whose columns have the names and types of the evaluation data, and more than one value.';

/** Is the evaluation data still what production sees: each column, the predictions, the labels, their relation, and all columns together? */
export const driftCheck: Check = {
  name: 'drift',
  asks: 'Is the evaluation data still what production sees: each column, the predictions, the labels, the relation of label to inputs, and all columns together?',
  judge,
};

function judge(evidence: Evidence): Judgement {
  const { against } = evidence.drift;
  if (against.kind === 'none') return alone(notApplicable('drift/against', against.why));
  const { evaluation } = evidence;
  if (evaluation.kind === 'missing') return alone(missingFinding('drift', 'evidence', evaluation));
  if (against.data.kind === 'missing') return alone(missingFinding('drift', 'evidence', against.data));
  const {
    kind,
    data: { value: other },
  } = against;
  const at = evidence.proposal.place(kind === 'window' ? '/evaluation/data' : '/drift/reference');
  if (other.table.rows === 0)
    return alone(
      inconclusive(
        'drift/against',
        `${against.label} holds no rows`,
        { rows: 0, rowsToDecide: FEWEST_ROWS },
        { at, next: NO_ROWS },
      ),
    );
  const { alpha, effect } = evidence.proposal.manifest.drift;
  const samples = evidenceSamples(evidence, evaluation.value, other, kind, SEED);
  const comparison = compareSamples(samples, {
    alpha,
    effect: { psi: effect.psi ?? EFFECT.psi, auc: effect.auc ?? EFFECT.auc },
    seed: SEED,
  });
  const next =
    kind === 'window'
      ? 'Evaluate on rows like those that production sees now, and train on them.'
      : 'Evaluate on rows like the reference, or name a reference that is like what production sees.';
  const found = driftFindings(comparison, at, next);
  const compared = found.some(({ verdict }) => verdict === 'pass' || verdict === 'fail');
  const findings = compared
    ? found
    : [...found, inconclusive('drift/against', 'no column could be compared', {}, { at, next: NO_COLUMN })];
  const where =
    kind === 'window'
      ? `${plural(other.table.rows, 'recorded row')}`
      : `the reference of ${plural(other.table.rows, 'row')}`;
  const labels =
    kind === 'window'
      ? { reference: 'evaluation data', window: 'recorded in production' }
      : { reference: 'reference', window: 'evaluation data' };
  return {
    findings,
    title: titleOf(findings, where),
    method: methodOf(evidence, comparison, where),
    figures: driftFigures(comparison, labels),
  };
}

function alone(finding: Finding): Judgement {
  return { findings: [finding], title: finding.reason };
}

/** The furthest beyond its limit in one line, and what it was compared with. */
function titleOf(findings: readonly Finding[], where: string): string {
  const shifts = findings.flatMap((finding) => {
    const drift = driftOf(finding);
    return drift?.effect === undefined
      ? []
      : [{ finding, subject: drift.subject, effect: drift.effect, beyond: beyondOf(drift.effect) }];
  });
  const largest = shifts.toSorted((a, b) => b.beyond - a.beyond);
  const failed = largest.filter(({ finding }) => finding.verdict === 'fail');
  const [worst] = failed.length > 0 ? failed : largest.filter(({ effect }) => effect.measure === 'psi');
  if (worst === undefined) return `cannot say: no column could be compared with ${where}`;
  const number = `${worst.effect.measure} ${numberText(worst.effect.value)} (limit ${limitText(worst.effect.limit)})`;
  if (failed.length === 0) {
    // Beyond its limit and yet no drift: then chance explains it, which the title has to say.
    const p = driftOf(worst.finding)?.adjustedPValue;
    const chance = worst.beyond <= 1 || p === undefined ? '' : `, no more than chance: adjusted p ${pValueText(p)}`;
    return `no drift against ${where}: largest ${number}, ${worst.subject}${chance}`;
  }
  const rest = failed.length > 1 ? `, and ${failed.length - 1} more` : '';
  return `${worst.subject} drifted: ${number}${rest}, against ${where}`;
}

/** How many times the limit; an AUC counts from ½, which is no shift at all. */
function beyondOf({
  measure,
  value,
  limit,
}: {
  readonly measure: string;
  readonly value: number;
  readonly limit: number;
}): number {
  const floor = measure === 'auc' ? 0.5 : 0;
  return limit > floor ? (value - floor) / (limit - floor) : value - limit;
}

function methodOf({ drift }: Evidence, comparison: DriftComparison, where: string): readonly string[] {
  const { alpha, columns, joint, relation } = comparison;
  const tests =
    columns.filter(({ constant }) => !constant).length +
    (joint === undefined ? 0 : 1) +
    (relation === undefined ? 0 : 1);
  return [
    `The evaluation data against ${where}${drift.against.kind === 'none' ? '' : ` (${drift.against.label})`}.`,
    `Drift is what is both significant (p-values of ${tests} tests, adjusted together by Benjamini and Hochberg, at most ${limitText(alpha)}) and large enough to matter.`,
    'PSI: deciles of the reference with open ends, missing and unseen values as bins of their own, half a row added to each bin. KS: exact up to 10,000 pairs, by 999 permutations with ties up to 2,000 rows a side, else asymptotic. χ²: two samples, cells of which fewer than 5 are expected pooled.',
    ...(joint === undefined
      ? []
      : [
          `All columns together: boosted trees, cross-fitted, on at most 1,000 rows a side, against ${joint.permutations} permutations with refitting.`,
        ]),
    ...(relation === undefined
      ? []
      : [`Relation: mean ${relation.loss} of ${relation.model} on both sides, Welch's test.`]),
  ];
}
