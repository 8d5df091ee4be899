import { spreadRows, takeRows } from '../../serving/model/rows.ts';
import type { Table } from '../../serving/model/table.ts';
import { explainRow } from '../explain/explain-row.ts';
import { factorsOf } from '../explain/factors.ts';
import { type ImportanceQuestion, jointImportance, permutationImportance } from '../explain/permutation-importance.ts';
import { importanceOf, isWorthNothing } from '../explanation/rank-importances.ts';
import type { MetricName, MetricRule } from '../manifest/manifest.ts';
import { defaultMetrics } from '../manifest/metric-defaults.ts';
import { metricOfRows } from '../metrics/metric-value.ts';
import { marginOf, metrics } from '../metrics/metrics.ts';
import { scoredRows } from '../metrics/scored-rows.ts';
import { seededRandom, type SeededRandom } from '../stats/seeded-random.ts';
import type { Answers, EvaluationData, Labels, Part } from './evidence.ts';
import type { ExplainedDecision, ExplainedModel, ExplanationEvidence } from './explanation-evidence.ts';
import type { LaterPart } from './later-parts.ts';
import { exchangeProtected } from './exchange-protected.ts';
import { gathered, missing } from './missing.ts';
import { answer, type OpenModel } from './open-model.ts';
import { rowCostMs } from './row-cost.ts';

/** Rows that are asked again with a column shuffled: intervals of a hundredth of an AUC, in about half a second for trees. */
const MOST_ROWS = 2000;
const FEWEST_ROWS = 500;
const MOST_SHUFFLES = 5;
/** The jackknife's parts: 19 degrees of freedom. */
const MOST_PARTS = 20;
/** Rows (or keys) of a part at least: values are exchanged within it. */
const FEWEST_OF_PART = 5;
const SPLITS = 10;
const SEED = 20_171_027;
/** What the importance of one model may take where it needs that long; a slow model may take a part of what answering may take. */
const USUAL_MS = 1500;
const SHARE_OF_ANSWERING = 0.05;

export const explanationPart: LaterPart<'explanation'> = {
  part: 'explanation',
  stage: 'asking what drives the answers',
  measure: async ({ candidate, champion, championAnswers, evaluation, job, rowMs }) =>
    explainModels(candidate, championAnswers === undefined ? undefined : champion, evaluation, {
      ...job,
      rowMs: await rowCostMs(candidate, evaluation.table, rowMs),
    }),
};

export interface ExplainLimits {
  /** Metrics that the manifest names with their margins, in its order. */
  readonly metrics?: readonly MetricRule[];
  /** Columns that the manifest declares protected. */
  readonly protected?: readonly string[];
  /** Background rows that single answers are explained against; none are explained without. */
  readonly background?: number;
  /** How long answering the evaluation rows may take; a part of it may go into explaining. */
  readonly answerLimitMs: number;
  /** Milliseconds of computing that a row costs the candidate (`rowCostMs`). */
  readonly rowMs: number;
}

/** What drives the candidate, and on the same rows and shuffles the champion. */
export async function explainModels(
  candidate: OpenModel,
  champion: OpenModel | undefined,
  evaluation: EvaluationData,
  limits: ExplainLimits,
): Promise<Part<ExplanationEvidence>> {
  const whole = sampleOf(evaluation);
  const factors = factorsOf(candidate.signature, whole.table);
  const plan = affordable(whole.table.rows, factors.length, limits.rowMs, limits.answerLimitMs);
  const sample = firstRows(whole, plan.rows);
  const asIs = await answer(candidate, sample.table);
  const metric = chosenMetric(
    (limits.metrics ?? []).map(({ name }) => name),
    asIs,
    sample.labels,
  );
  if (metric.kind === 'missing') return metric;
  const rule = limits.metrics?.find(({ name }) => name === metric.value) ?? { name: metric.value };
  const own = await explained(candidate, sample, rule, plan);
  if (own.kind === 'missing') return own;
  const other = champion === undefined ? undefined : await explained(champion, sample, rule, plan);
  return gathered({
    candidate: own.value,
    ...(other?.kind === 'gathered' ? { champion: other.value } : {}),
    counterfactuals: await exchangeProtected(candidate, sample.table, asIs, limits.protected ?? []),
    ...(limits.background === undefined
      ? {}
      : { decisions: await explainedDecisions(candidate, evaluation.table, sample, asIs, limits.background) }),
  });
}

/** One answer may take this long; what does not fit is coarser. */
const DECISION_BUDGET = { rows: 100_000, timeMs: 2_000 } as const;

/** The lowest, the middle and the highest score of the sample (of several classes: of the first). */
async function explainedDecisions(
  model: OpenModel,
  table: Table,
  { rows }: Sample,
  asIs: Answers,
  background: number,
): Promise<readonly ExplainedDecision[]> {
  const width = asIs.rows === 0 ? 1 : asIs.scores.length / asIs.rows;
  const order = Array.from({ length: asIs.rows }, (_, i) => i)
    .filter((i) => Number.isFinite(asIs.scores[i * width] ?? NaN))
    .toSorted((a, b) => (asIs.scores[a * width] ?? 0) - (asIs.scores[b * width] ?? 0));
  const chosen = new Set([order[0], order[order.length >> 1], order.at(-1)].flatMap((i) => rows[i ?? -1] ?? []));
  const decisions: ExplainedDecision[] = [];
  for (const row of chosen) {
    const others = [...spreadRows(table.rows, background + 1)].filter((other) => other !== row).slice(0, background);
    if (others.length === 0) continue;
    const found = await explainRow((asked) => answer(model, asked), model.signature, {
      background: takeRows(table, others),
      row: takeRows(table, [row]),
      budget: DECISION_BUDGET,
    });
    const { score, background: mean, backgroundRows, additivity, exactRows, orders, asked } = found;
    const contributions = found.contributions.map(({ factor, value, standardError }) => ({
      factor,
      value,
      standardError,
    }));
    decisions.push({
      row,
      score,
      background: mean,
      backgroundRows,
      contributions,
      additivity,
      exactRows,
      orders,
      asked,
    });
  }
  return decisions;
}

/** Evaluation rows drawn without replacement, their labels, and which part each lies in. */
interface Sample {
  /** Their numbers in the evaluation data. */
  readonly rows: Int32Array;
  readonly table: Table;
  readonly labels: Labels;
  readonly parts: Int32Array;
  readonly partCount: number;
  /** Both halves of each split, as sets of parts. */
  readonly halves: readonly (readonly number[])[];
  readonly of: number;
}

function sampleOf({ table, labels, groups }: EvaluationData): Sample {
  const random = seededRandom(SEED);
  const rows = shuffled(table.rows, random).subarray(0, MOST_ROWS);
  // Rows of one key are one observation: they lie in one part.
  const parts = new Int32Array(rows.length);
  const units = groups === undefined ? rows.length : new Set(rows.map((row) => groups[row] ?? row)).size;
  const partCount = Math.max(1, Math.min(MOST_PARTS, Math.floor(units / FEWEST_OF_PART)));
  const partOfGroup = new Map<number, number>();
  rows.forEach((row, i) => {
    const group = groups?.[row] ?? row;
    const part = partOfGroup.get(group) ?? partOfGroup.size % partCount;
    partOfGroup.set(group, part);
    parts[i] = part;
  });
  const halves = Array.from({ length: SPLITS }, () => {
    const order = [...shuffled(partCount, random)];
    const middle = Math.floor(partCount / 2);
    return [order.slice(0, middle), order.slice(middle)];
  }).flat();
  return {
    rows,
    table: takeRows(table, rows),
    labels: takeLabels(labels, rows),
    parts,
    partCount,
    halves,
    of: table.rows,
  };
}

function shuffled(size: number, random: SeededRandom): Int32Array {
  const order = Int32Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = random.index(i + 1);
    [order[i], order[j]] = [order[j] ?? 0, order[i] ?? 0];
  }
  return order;
}

function takeLabels(labels: Labels, rows: Int32Array): Labels {
  return labels.kind === 'classes'
    ? { ...labels, codes: Int32Array.from(rows, (row) => labels.codes[row] ?? -1) }
    : { ...labels, values: Float64Array.from(rows, (row) => labels.values[row] ?? NaN) };
}

/** Both models are asked about the same rows with the same shuffles, so that their importances can be compared part by part. */
async function explained(
  model: OpenModel,
  sample: Sample,
  rule: MetricRule,
  plan: Affordable,
): Promise<Part<ExplainedModel>> {
  const metric = rule.name;
  const factors = factorsOf(model.signature, sample.table);
  const sign = metrics[metric].direction === 'higher' ? -1 : 1;
  const asIs = await answer(model, sample.table);
  const answerRows = (table: Table): Promise<Answers> => answer(model, table);
  const question: ImportanceQuestion = {
    factors,
    parts: sample.parts,
    subsets: sample.halves,
    shuffles: plan.shuffles,
    seed: SEED,
    lossOf: (scores, rows) => lossOf(metric, sign, scores, sample.labels, rows),
    budget: { rows: Infinity, timeMs: plan.limitMs },
  };
  const found = await permutationImportance(answerRows, sample.table, asIs, question);
  if (found.kind === 'undefined') return missing('baseline', `${metric} of ${model.label}: ${found.reason}`);
  const value = sign * found.loss;
  const columns = found.importances.map(({ factor, column, losses, withoutPart, onSubsets, changed }) => ({
    column,
    ...(factor === column ? {} : { patch: factor }),
    losses,
    withoutPart,
    onHalves: onSubsets,
    changed,
  }));
  const { margin } = marginOf(metric, rule, value);
  const nothing = new Set(
    columns
      .filter((column) => column.patch === undefined && isWorthNothing(importanceOf(column, sample.partCount), margin))
      .map(({ column }) => column),
  );
  const together =
    nothing.size < 2
      ? undefined
      : await jointImportance(
          answerRows,
          sample.table,
          asIs,
          { ...question, subsets: [], factors: factors.filter(({ column }) => nothing.has(column)) },
          'together',
        );
  const [joint] = together?.kind === 'importances' ? together.importances : [];
  return gathered({
    label: model.label,
    metric,
    value,
    rows: sample.table.rows,
    of: sample.of,
    parts: sample.partCount,
    shuffles: found.shuffles,
    columns,
    ...(joint === undefined
      ? {}
      : { together: { columns: [...nothing], losses: joint.losses, withoutPart: joint.withoutPart } }),
    left: found.left,
  });
}

interface Affordable {
  readonly rows: number;
  readonly shuffles: number;
  readonly limitMs: number;
}

/** Fewer shuffles first, then fewer rows: the rows' chance is the greater part of an interval. */
function affordable(rows: number, factors: number, rowMs: number, answerLimitMs: number): Affordable {
  const limitMs = Math.max(USUAL_MS, answerLimitMs * SHARE_OF_ANSWERING);
  const within = (ms: number): number => ms / (Math.max(1, factors) * rowMs);
  const usual = within(USUAL_MS);
  const shuffles = Math.max(1, Math.min(MOST_SHUFFLES, Math.floor(usual / rows)));
  const most = Math.max(usual, Math.min(FEWEST_ROWS, within(limitMs)));
  return { rows: Math.min(rows, Math.max(1, Math.floor(most))), shuffles, limitMs };
}

/** The sample is in random order, so that its first rows are a sample too. */
function firstRows(sample: Sample, rows: number): Sample {
  if (rows >= sample.table.rows) return sample;
  const first = Int32Array.from({ length: rows }, (_, row) => row);
  return {
    ...sample,
    rows: sample.rows.subarray(0, rows),
    table: takeRows(sample.table, first),
    labels: takeLabels(sample.labels, first),
    parts: sample.parts.subarray(0, rows),
  };
}

/** The manifest's first metric that these answers have, else the task's first. */
function chosenMetric(declared: readonly MetricName[], answers: Answers, labels: Labels): Part<MetricName> {
  const rows = Uint32Array.from({ length: answers.rows }, (_, row) => row);
  const scored = scoredRows(answers, labels, rows);
  if (scored.kind === 'undefined') return missing('golden', scored.reason);
  let why = '';
  for (const name of [...declared, ...defaultMetrics[answers.task]]) {
    const found = metricOfRows(name, scored.rows);
    if (found.kind === 'value') return gathered(name);
    why = found.reason;
  }
  return missing('baseline', why);
}

function lossOf(
  metric: MetricName,
  sign: 1 | -1,
  scores: Answers,
  labels: Labels,
  rows: Uint32Array,
): number | undefined {
  const scored = scoredRows(scores, labels, rows);
  if (scored.kind === 'undefined') return undefined;
  const found = metricOfRows(metric, scored.rows);
  return found.kind === 'value' ? sign * found.value : undefined;
}
