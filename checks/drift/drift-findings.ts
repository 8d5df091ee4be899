import { fail, inconclusive, notApplicable, pass } from '../finding.ts';
import { limitText, numberText, percentText, pValueText } from '../report/format.ts';
import type { Finding, Measured, Place } from '../report/report.ts';
import type { ColumnResult, DriftComparison, JointResult, RelationResult } from './compare-samples.ts';

/** Findings of a comparison: one a column, and one each for the relation and for all columns together. */
export function driftFindings(comparison: DriftComparison, at: Place, next: string): readonly Finding[] {
  const { columns, relation, joint, left } = comparison;
  return [
    ...columns.map((column) => columnFinding(column, comparison, at, next)),
    ...(relation === undefined
      ? [
          notApplicable(
            'drift/relation',
            'the labels are not known on both sides, so how they depend on the inputs is not asked',
          ),
        ]
      : [relationFinding(relation, comparison, at, next)]),
    ...(joint === undefined ? [] : [jointFinding(joint, comparison, at, next)]),
    ...left.map(({ column, why }) =>
      inconclusive(`drift/${idOf(column)}`, `${column} is not compared: ${why}`, { column }, { at, advisory: true }),
    ),
  ];
}

/** Reserved names are those of the findings that are no column's. */
const reserved = new Set(['predictions', 'labels', 'relation', 'jointly', 'evidence', 'against']);

function columnId({ name, role }: ColumnResult): string {
  if (role === 'prediction' || role === 'label') return `drift/${name}`;
  return `drift/${reserved.has(name) ? `column-${name}` : idOf(name)}`;
}

function idOf(name: string): string {
  return name.replace(/\s+/g, '-');
}

function columnFinding(column: ColumnResult, { rows }: DriftComparison, at: Place, next: string): Finding {
  const { name, variant, statistic, pValue, adjustedPValue, effect, missing, shares, constant, drifted } = column;
  if (constant) {
    const what = column.allMissing === undefined ? 'one value' : 'no value at all';
    return notApplicable(columnId(column), `${name} holds ${what} on both sides: there is nothing to compare`);
  }
  const method = variant === undefined ? column.method : `${column.method} (${variant})`;
  const size = `psi ${numberText(effect.value)}, limit ${limitText(effect.limit)}`;
  const test = `${method} ${numberText(statistic)}, p ${pValueText(pValue)}, adjusted ${pValueText(adjustedPValue)}`;
  const gone =
    column.allMissing === 'reference' || column.allMissing === 'window'
      ? `, no value at all in the ${column.allMissing}`
      : '';
  const toDecide = rowsToDecide(column, rows);
  const undecided =
    toDecide === undefined
      ? ''
      : `; no more than chance would do: ${toDecide} rows now would show a shift of the limit's size`;
  const gaps =
    missing.reference === missing.window
      ? ''
      : `; missing ${percentText(missing.reference)} → ${percentText(missing.window)}`;
  const reason = `${name}: ${size}; ${test}${gaps}${gone}${undecided}`;
  const measured: Measured = {
    subject: name,
    method,
    statistic,
    pValue,
    adjustedPValue,
    effect: { ...effect },
    missing: { ...missing },
    also: alsoOf(column),
    shares: { reference: [...shares.reference], window: [...shares.window], bins: [...shares.bins] },
    rows: { ...rows },
    ...(toDecide === undefined ? {} : { rowsToDecide: toDecide }),
  };
  return drifted
    ? fail(columnId(column), reason, measured, { at, next })
    : pass(columnId(column), reason, measured, { at });
}

/**
 * A shift beyond its limit that chance explains: the window rows from which a PSI of the limit's size lies beyond its critical value, which falls with
 * 1/n + 1/m. Undefined where it is not so, or no window would be large enough for this reference.
 */
function rowsToDecide(
  { effect, drifted, psiCritical }: ColumnResult,
  rows: DriftComparison['rows'],
): number | undefined {
  if (drifted || effect.value < effect.limit || !Number.isFinite(psiCritical)) return undefined;
  const quantile = psiCritical / (1 / rows.reference + 1 / rows.window);
  const share = effect.limit / quantile - 1 / rows.reference;
  return share > 0 ? Math.max(rows.window + 1, Math.ceil(1 / share)) : undefined;
}

/** Every other measure, none of which decides; the scale is in the name or the documentation. */
export function alsoOf(column: ColumnResult): Measured {
  const { psi, psiCritical, jensenShannon, hellinger, totalVariation, cramersV, wasserstein } = column;
  return {
    psi,
    psiCritical: Number.isFinite(psiCritical) ? psiCritical : null,
    jensenShannon: Number.isNaN(jensenShannon) ? null : jensenShannon,
    ...(wasserstein === undefined ? {} : { wasserstein }),
    hellinger: Number.isNaN(hellinger) ? null : hellinger,
    totalVariation: Number.isNaN(totalVariation) ? null : totalVariation,
    ...(cramersV === undefined || Number.isNaN(cramersV) ? {} : { cramersV }),
  };
}

function relationFinding(relation: RelationResult, { rows }: DriftComparison, at: Place, next: string): Finding {
  const { loss, model, reference, window, pValue, adjustedPValue, effect, drifted } = relation;
  const reason = `relation of label to inputs: mean ${loss} of ${model} ${numberText(reference)} → ${numberText(window)} (a change of ${percentText(effect.value)}, limit ${percentText(effect.limit, 0)}), p ${pValueText(pValue)}, adjusted ${pValueText(adjustedPValue)}`;
  const measured: Measured = {
    subject: 'relation',
    method: relation.method,
    loss,
    model,
    reference,
    window,
    statistic: relation.statistic,
    pValue,
    adjustedPValue,
    effect: { ...effect },
    rows: { ...rows },
  };
  return drifted
    ? fail('drift/relation', reason, measured, { at, next })
    : pass('drift/relation', reason, measured, { at });
}

function jointFinding(joint: JointResult, { rows }: DriftComparison, at: Place, next: string): Finding {
  const { statistic, pValue, adjustedPValue, permutations, effect, drifted } = joint;
  const how =
    joint.auc === undefined
      ? `${joint.method} ${numberText(statistic)}`
      : `a classifier tells the sides apart with AUC ${numberText(joint.auc)}, limit ${limitText(effect.limit)}`;
  const drawn = permutations === undefined ? '' : ` of ${permutations} permutations`;
  const reason = `all columns together: ${how}; p ${pValueText(pValue)}${drawn}, adjusted ${pValueText(adjustedPValue)}`;
  const measured: Measured = {
    subject: 'all columns together',
    method: joint.method,
    statistic,
    pValue,
    adjustedPValue,
    ...(permutations === undefined ? {} : { permutations }),
    effect: { ...effect },
    rows: { ...rows },
  };
  return drifted
    ? fail('drift/jointly', reason, measured, { at, next })
    : pass('drift/jointly', reason, measured, { at });
}
