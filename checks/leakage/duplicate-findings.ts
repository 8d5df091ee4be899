import type { EvaluationData, Evidence } from '../evidence/evidence.ts';
import { fail, inconclusive, pass } from '../finding.ts';
import { countText, percentText, plural } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';
import { findDuplicates, type Duplicates } from './duplicate-rows.ts';

/** Shares of evaluation rows, beyond what chance explains, that the reference holds as well: told from the one on, a failure from the other on. */
const TOLD_EXCESS = 0.01;
const FAILING_EXCESS = 0.2;
/** Evaluation rows that repeat each other are told from here on. */
const TOLD_REPEATED = 0.05;

/** Rows that were trained on, and rows that are there more than once, beyond what chance explains. */
export function duplicateFindings(
  { proposal, reference }: Evidence,
  { table }: EvaluationData,
  inputs: readonly string[],
): readonly Finding[] {
  if (inputs.length === 0) return [];
  const { evaluation, drift } = proposal.manifest;
  const other = reference?.kind === 'gathered' ? reference.value : undefined;
  const isSameFile = drift.reference !== undefined && drift.reference.sha256 === evaluation.data.sha256;
  const columns = [...inputs, evaluation.label].filter(
    (name) => table.columns.has(name) && (other === undefined || other.columns.has(name)),
  );
  const found = findDuplicates(table, isSameFile ? undefined : other, columns);
  const at = proposal.place('/evaluation/data');
  return [
    repeatedFinding(found, proposal.manifest.evaluation.key, at),
    ...(isSameFile
      ? [
          inconclusive(
            'manifest/duplicates/reference',
            'the reference are the evaluation data themselves, so nobody can say whether these rows were trained on',
            { rows: table.rows },
            {
              at: proposal.place('/drift/reference'),
              advisory: true,
              next: 'Name a sample of the training data as drift.reference.',
            },
          ),
        ]
      : sharedFindings(found, at)),
  ];
}

function repeatedFinding(found: Duplicates, key: string | undefined, at: NonNullable<Finding['at']>): Finding {
  const { repeated, repeatedShare, repeatedInterval, rows, columns, against } = found;
  const id = 'manifest/duplicates/evaluation';
  const measured: Measured = {
    rows,
    repeated,
    share: repeatedShare,
    interval: [repeatedInterval.lower, repeatedInterval.upper],
    natural: against?.natural ?? null,
    columns,
  };
  const reason = `${countText(repeated)} of ${plural(rows, 'evaluation row')} (${percentText(repeatedShare)}) are there more than once`;
  // Without a reference nobody can say what is natural; with a key such rows count as one.
  const isTold = against !== undefined && key === undefined && repeatedInterval.lower - against.natural > TOLD_REPEATED;
  return isTold
    ? fail(id, `${reason}; of the reference's own rows ${percentText(against.natural)} are`, measured, {
        at,
        advisory: true,
        next: 'Name what they have in common as evaluation.key, so that they count as one, or take them out.',
      })
    : pass(id, reason, measured);
}

function sharedFindings({ against, rows, columns }: Duplicates, at: NonNullable<Finding['at']>): readonly Finding[] {
  if (against === undefined) return [];
  const { shared, share, natural, excess, interval, first, rows: reference } = against;
  const id = 'manifest/duplicates/reference';
  const measured = {
    rows,
    reference,
    shared,
    share,
    natural,
    excess,
    interval: [interval.lower, interval.upper],
    first,
    columns,
    limit: FAILING_EXCESS,
  };
  const told = `${countText(shared)} of ${plural(rows, 'evaluation row')} (${percentText(share)}) are in the reference as well; chance explains ${percentText(natural)}`;
  const next = `Take the rows that were trained on out of the evaluation data (the first is row ${first[0] ?? '—'}): a model that has seen them proves nothing on them.`;
  if (interval.lower > FAILING_EXCESS) return [fail(id, told, measured, { at, next })];
  return interval.lower > TOLD_EXCESS
    ? [fail(id, told, measured, { at, next, advisory: true })]
    : [pass(id, told, measured)];
}
