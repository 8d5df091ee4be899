import type { EvaluationData, Evidence } from '../evidence/evidence.ts';
import { fail, notApplicable, pass } from '../finding.ts';
import { pointerOf } from '../manifest/pointer.ts';
import { countText, numberText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { FEWEST_ROWS, findLeaks, type Leak, SUSPICIOUS } from './label-leaks.ts';

/** What tells rows apart and nothing else teaches a model its training rows by heart. */
export function keyFindings({ proposal }: Evidence, inputs: readonly string[]): readonly Finding[] {
  const { key } = proposal.manifest.evaluation;
  if (key === undefined || inputs.length === 0) return [];
  const measured = { key, inputs };
  return inputs.includes(key)
    ? [
        fail('manifest/key-input', `the key ${key}, which tells whose row it is, is also an input`, measured, {
          at: proposal.place('/evaluation/key'),
          next: 'Train without it, or name the right key.',
        }),
      ]
    : [pass('manifest/key-input', `the key ${key} is none of the ${inputs.length} input columns`, measured)];
}

export function leakFindings(
  { proposal }: Evidence,
  data: EvaluationData,
  inputs: readonly string[],
): readonly Finding[] {
  const id = 'manifest/leak';
  if (inputs.length === 0) return [];
  const search = findLeaks(data, inputs);
  if (search === undefined)
    return [
      notApplicable(
        id,
        `whether an input gives the label away is asked from ${FEWEST_ROWS} rows on, with 20 of the rarest class or 20 different labels`,
        { rows: data.table.rows },
      ),
    ];
  if (search.leaks.length > 0) return search.leaks.map((leak) => leakFinding(leak, proposal));
  const { closest, columns } = search;
  const near =
    closest === undefined
      ? ''
      : `; the closest is ${closest.column} with ${nameOf(closest.measure)} ${numberText(closest.value)}`;
  return [
    pass(id, `none of ${plural(columns, 'input')} gives the label away by itself${near}`, {
      columns,
      closest: closest === undefined ? null : { ...closest },
      limit: SUSPICIOUS,
    }),
  ];
}

function nameOf(measure: 'auc' | 'r2'): string {
  return measure === 'auc' ? 'an area under the ROC curve of' : 'an R² of';
}

function leakFinding(leak: Leak, proposal: Evidence['proposal']): Finding {
  const { kind, column, rows } = leak;
  const id = `manifest/leak/${column}`;
  const at = proposal.place(pointerOf(['columns', column]));
  const next = `Find out when ${column} is known: what is written down after the outcome is not there when the model is asked. Train without it, or have it waived.`;
  switch (kind) {
    case 'copy':
      return fail(
        id,
        `the input ${column} is the label under another name: over ${plural(rows, 'row')} ${leak.how}`,
        { kind, column, rows },
        { at, next },
      );
    case 'determines':
      return fail(
        id,
        `each of the ${countText(leak.values)} values of the input ${column} comes with one class only, over ${plural(rows, 'row')}`,
        { kind, column, rows, values: leak.values },
        { at, next, advisory: true },
      );
    case 'suspicious':
      return fail(
        id,
        `the input ${column} tells the label nearly by itself: ${nameOf(leak.measure)} ${leak.value.toPrecision(5)} over ${plural(rows, 'row')}`,
        { kind, column, rows, [leak.measure]: leak.value, limit: SUSPICIOUS },
        { at, next, advisory: true },
      );
  }
}
