import type { Column } from '../../serving/model/table.ts';
import { inputColumns } from '../baseline/input-columns.ts';
import type { Answers, DriftSide, EvaluationData, Evidence, Labels } from '../evidence/evidence.ts';
import { absoluteErrors, hits, logLosses } from '../metrics/per-row.ts';
import { labelledRows, scoredRows } from '../metrics/scored-rows.ts';
import { binnedColumn } from './binned-rows.ts';
import { comparableColumn, type ComparableColumn } from './comparable-column.ts';
import type { SampleColumn, Samples } from './compare-samples.ts';
import { crossFittedLosses, type Losses } from './relation-losses.ts';

/** One side as the comparison sees it. */
interface Side {
  readonly data: Pick<EvaluationData, 'table'> & { readonly labels?: Labels };
  readonly answers?: Answers;
}

/**
 * Evaluation data and the other side of the check as samples. Against a recorded window the evaluation data are the reference; against
 * the manifest's reference they are what is asked about.
 */
export function evidenceSamples(
  evidence: Evidence,
  data: EvaluationData,
  other: DriftSide,
  kind: 'window' | 'reference',
  seed: number,
): Samples {
  const answers = answersOn(evidence, other.answeredBy);
  const evaluation: Side = { data, ...(answers === undefined ? {} : { answers }) };
  const recorded: Side = {
    data: { table: other.table, ...(other.labels === undefined ? {} : { labels: other.labels }) },
    ...(other.answers === undefined ? {} : { answers: other.answers }),
  };
  const [reference, window] = kind === 'window' ? [evaluation, recorded] : [recorded, evaluation];
  const left = [...other.left];
  const inputs = columnNames(evidence, data).flatMap((name): readonly SampleColumn[] => {
    const [first, second] = [reference.data.table.columns.get(name), window.data.table.columns.get(name)];
    if (first === undefined || second === undefined) {
      if (!left.some(({ column }) => column === name)) left.push({ column: name, why: 'it is not on both sides' });
      return [];
    }
    const column = comparableColumn(first, second);
    if (column !== undefined) return [{ name, role: 'input', column }];
    left.push({ column: name, why: 'a list of numbers has no distribution that a table shows' });
    return [];
  });
  const labels = labelPair(reference.data.labels, window.data.labels);
  const losses =
    labels === undefined
      ? undefined
      : kind === 'window'
        ? answerLosses(reference, window, other.answeredBy)
        : // A model remembers the rows it was trained on, and the reference may be those: trees that saw neither are asked.
          crossFittedLosses(
            inputs.map(({ column }) => binnedColumn(column)),
            labels,
            seed,
          );
  return {
    rows: { reference: reference.data.table.rows, window: window.data.table.rows },
    columns: [
      ...inputs,
      ...predictionColumns(reference.answers, window.answers),
      ...(labels === undefined ? [] : [{ name: 'labels', role: 'label', column: labels } as const]),
    ],
    left,
    ...(losses === undefined ? {} : { losses }),
  };
}

/** Who answered the other side's rows answers the evaluation rows too. */
function answersOn({ candidate, baseline }: Evidence, answeredBy: DriftSide['answeredBy']): Answers | undefined {
  if (answeredBy === 'candidate') return candidate.kind === 'gathered' ? candidate.value : undefined;
  if (answeredBy === 'nobody' || baseline.kind === 'simple') return undefined;
  return baseline.answers.kind === 'gathered' ? baseline.answers.value : undefined;
}

/** What the model reads and what the manifest declares; every column but label, key and time where the inputs are unknown. */
function columnNames(evidence: Evidence, { table }: EvaluationData): readonly string[] {
  const { evaluation, columns } = evidence.proposal.manifest;
  const apart = new Set([evaluation.label, evaluation.key, evaluation.time]);
  const inputs = inputColumns(evidence) ?? [...table.columns.keys()];
  return [...new Set([...inputs, ...Object.keys(columns)])].filter((name) => !apart.has(name));
}

function predictionColumns(reference: Answers | undefined, window: Answers | undefined): readonly SampleColumn[] {
  if (reference === undefined || window === undefined || reference.task !== window.task) return [];
  if (reference.task !== 'multiclass') {
    const column = { kind: 'number', reference: reference.scores, window: window.scores } as const;
    return [{ name: 'predictions', role: 'prediction', column }];
  }
  if (window.task !== 'multiclass') return [];
  const dictionary = reference.classes.map(String);
  const column = {
    kind: 'category',
    dictionary,
    reference: decisionsOf(reference),
    window: decisionsOf(window),
  } as const;
  return [{ name: 'predictions', role: 'prediction', column }];
}

function decisionsOf({ rows, classes, scores }: Extract<Answers, { task: 'multiclass' }>): Int32Array {
  const width = classes.length;
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let k = 1; k < width; k++) if (scores[row * width + k] > scores[row * width + best]) best = k;
    return best;
  });
}

function labelPair(reference: Labels | undefined, window: Labels | undefined): ComparableColumn | undefined {
  if (reference === undefined || window === undefined || reference.kind !== window.kind) return undefined;
  return comparableColumn(labelColumnOf(reference), labelColumnOf(window));
}

function labelColumnOf(labels: Labels): Column {
  return labels.kind === 'values'
    ? { kind: 'number', name: 'labels', values: labels.values }
    : { kind: 'category', name: 'labels', dictionary: labels.classes.map(String), codes: labels.codes };
}

function answerLosses(reference: Side, window: Side, answeredBy: DriftSide['answeredBy']): Losses | undefined {
  const [first, second] = [sideLosses(reference), sideLosses(window)];
  if (first === undefined || second === undefined || first.loss !== second.loss) return undefined;
  return { loss: first.loss, model: `the ${answeredBy}'s answers`, reference: first.values, window: second.values };
}

function sideLosses({
  data,
  answers,
}: Side): { readonly loss: Losses['loss']; readonly values: Float64Array } | undefined {
  if (answers === undefined || data.labels === undefined) return undefined;
  const scored = scoredRows(answers, data.labels, labelledRows(data.labels));
  if (scored.kind === 'undefined') return undefined;
  const { rows } = scored;
  if (rows.task === 'regression') return { loss: 'absolute error', values: absoluteErrors(rows) };
  return rows.probabilities
    ? { loss: 'log loss', values: logLosses(rows) }
    : { loss: 'wrong decision', values: hits(rows).map((hit) => 1 - hit) };
}
