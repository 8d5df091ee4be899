import { benjaminiHochberg } from '../stats/benjamini-hochberg.ts';
import { momentsOf } from '../stats/moments.ts';
import { welchT } from '../stats/welch-t.ts';
import { type ColumnDrift, columnDrift, type DriftMethod } from './column-drift.ts';
import type { ComparableColumn } from './comparable-column.ts';
import { type JointMethod, type JointTest, jointTest } from './joint-test.ts';
import { pickedColumn, pickRows } from './picked-rows.ts';
import type { Losses } from './relation-losses.ts';

/**
 * The judgement of drift between two samples, whatever they come from. Glossary: the *reference* is what was, the *window* what is now;
 * a *column* may be an input, the predictions or the labels; the *relation* is how labels depend on inputs, seen by what they cost a
 * model; *jointly* is all inputs at once.
 *
 * Something drifted when its shift is both significant (p-values adjusted over one Benjamini–Hochberg family) and large enough to
 * matter (the effect).
 */
export interface Samples {
  readonly rows: { readonly reference: number; readonly window: number };
  readonly columns: readonly SampleColumn[];
  readonly losses?: Losses;
  /** What could not be compared, and why. */
  readonly left: readonly { readonly column: string; readonly why: string }[];
}

export interface SampleColumn {
  readonly name: string;
  readonly role: ColumnRole;
  readonly column: ComparableColumn;
  readonly method?: DriftMethod;
}
export type ColumnRole = 'input' | 'prediction' | 'label' | 'other';

/** Samples whose columns were compared one by one, and are gone: what is left is what all of them are judged by. */
export interface MeasuredSamples extends Pick<Samples, 'rows' | 'losses' | 'left'> {
  readonly columns: readonly { readonly name: string; readonly role: ColumnRole; readonly drift: ColumnDrift }[];
  /** Some rows of the inputs, the same in each. */
  readonly inputs: readonly ComparableColumn[];
}

export interface DriftOptions {
  readonly alpha: number;
  readonly effect: { readonly psi: number; readonly auc: number };
  readonly seed: number;
  /** How all inputs together are compared; a domain classifier unless told otherwise. */
  readonly joint?: JointMethod;
}

export interface DriftComparison {
  readonly rows: Samples['rows'];
  readonly alpha: number;
  readonly drifted: boolean;
  readonly columns: readonly ColumnResult[];
  /** Undefined with fewer than two inputs or too few rows. */
  readonly joint?: JointResult;
  /** Undefined where labels are not known on both sides. */
  readonly relation?: RelationResult;
  readonly left: Samples['left'];
}

export interface Effect {
  readonly measure: string;
  readonly value: number;
  readonly limit: number;
}

export interface ColumnResult extends ColumnDrift {
  readonly name: string;
  readonly role: ColumnRole;
  readonly adjustedPValue: number;
  readonly effect: Effect;
  readonly drifted: boolean;
}

export interface JointResult extends JointTest {
  /** The domain classifier's statistic under its own name. */
  readonly auc?: number;
  readonly adjustedPValue: number;
  readonly effect: Effect;
  readonly drifted: boolean;
}

export interface RelationResult {
  readonly method: 'per-row loss';
  readonly loss: Losses['loss'];
  readonly model: string;
  /** Mean loss. */
  readonly reference: number;
  readonly window: number;
  readonly statistic: number;
  readonly pValue: number;
  readonly adjustedPValue: number;
  readonly effect: Effect;
  readonly drifted: boolean;
}

/** A change of the mean loss by less than a tenth of it changes no decision about a model. */
const RELATION_EFFECT = 0.1;

export function compareSamples(samples: Samples, options: DriftOptions): DriftComparison {
  const { alpha, seed } = options;
  const columns = samples.columns.map(({ name, role, column, method }) => ({
    name,
    role,
    drift: columnDrift(column, { alpha, seed, ...(method === undefined ? {} : { method }) }),
  }));
  const inputs = samples.columns.filter(({ role }) => role === 'input').map(({ column }) => column);
  const rows = pickRows(inputs[0]?.reference.length ?? 0, inputs[0]?.window.length ?? 0, seed);
  return judgeSamples({ ...samples, columns, inputs: inputs.map((column) => pickedColumn(column, rows)) }, options);
}

/** The judgement, once every column was measured. */
export function judgeSamples(samples: MeasuredSamples, options: DriftOptions): DriftComparison {
  const { alpha, effect, seed } = options;
  const drifts = samples.columns;
  const tested = drifts.filter(({ drift }) => !drift.constant);
  const relation = samples.losses === undefined ? undefined : relationOf(samples.losses);
  const others = [...tested.map(({ drift }) => drift.pValue), ...(relation === undefined ? [] : [relation.pValue])];
  const joint = jointTest(samples.inputs, {
    method: options.joint ?? 'domain-classifier',
    seed,
    effect: effect.auc,
    needed: Math.ceil(1 / reachOf(others, alpha)),
  });
  const pValues = [
    ...tested.map(({ drift }) => drift.pValue),
    ...(joint === undefined ? [] : [joint.pValue]),
    ...(relation === undefined ? [] : [relation.pValue]),
  ];
  const adjusted = benjaminiHochberg(pValues);
  const columns = drifts.map(({ name, role, drift }): ColumnResult => {
    const place = tested.findIndex((each) => each.drift === drift);
    const adjustedPValue = adjusted[place] ?? 1;
    const shift = { measure: 'psi', value: drift.psi, limit: effect.psi };
    return {
      name,
      role,
      ...drift,
      adjustedPValue,
      effect: shift,
      drifted: adjustedPValue <= alpha && drift.psi >= effect.psi,
    };
  });
  const jointResult = joint === undefined ? undefined : judgeJoint(joint, adjusted[tested.length] ?? 1, options);
  const relationResult =
    relation === undefined ? undefined : { ...relation, ...judgeRelation(relation, adjusted.at(-1) ?? 1, alpha) };
  return {
    rows: samples.rows,
    alpha,
    drifted:
      columns.some(({ drifted }) => drifted) || jointResult?.drifted === true || relationResult?.drifted === true,
    columns,
    ...(jointResult === undefined ? {} : { joint: jointResult }),
    ...(relationResult === undefined ? {} : { relation: relationResult }),
    left: samples.left,
  };
}

/**
 * The greatest p-value at which one more test, smaller than all others, would be significant in their family: the step of Benjamini and
 * Hochberg that it would stand on. A permutation p-value needs its reciprocal in permutations to get there.
 */
function reachOf(others: readonly number[], alpha: number): number {
  const family = others.length + 1;
  const sorted = others.toSorted((a, b) => a - b);
  let reach = alpha / family;
  sorted.forEach((p, i) => {
    const step = (alpha * (i + 2)) / family;
    if (p <= step) reach = step;
  });
  return reach;
}

/** Only the classifier's effect has a limit. The others compare at most 1,000 rows a side, of which none calls a tiny shift significant. */
function judgeJoint(joint: JointTest, adjustedPValue: number, { alpha, effect }: DriftOptions): JointResult {
  const isClassifier = joint.method === 'domain classifier';
  const limit = isClassifier ? effect.auc : 0;
  return {
    ...joint,
    ...(isClassifier ? { auc: joint.statistic } : {}),
    adjustedPValue,
    effect: { measure: isClassifier ? 'auc' : joint.method, value: joint.statistic, limit },
    drifted: adjustedPValue <= alpha && joint.statistic >= limit,
  };
}

type Relation = Omit<RelationResult, 'adjustedPValue' | 'effect' | 'drifted'>;

function relationOf({ loss, model, reference, window }: Losses): Relation | undefined {
  if (reference.length < 2 || window.length < 2) return undefined;
  const { t, pValue } = welchT(window, reference);
  return {
    method: 'per-row loss',
    loss,
    model,
    reference: momentsOf(reference).mean,
    window: momentsOf(window).mean,
    statistic: t,
    pValue,
  };
}

function judgeRelation({ reference, window }: Relation, adjustedPValue: number, alpha: number) {
  const change = reference === 0 ? (window === 0 ? 0 : Infinity) : Math.abs(window - reference) / Math.abs(reference);
  const effect = { measure: 'relative change of the loss', value: change, limit: RELATION_EFFECT };
  return { adjustedPValue, effect, drifted: adjustedPValue <= alpha && change >= RELATION_EFFECT };
}
