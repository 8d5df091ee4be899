import { spreadRows, takeRows } from '../../serving/model/rows.ts';
import { decisionOf } from '../../serving/model/score.ts';
import type { Column, Table } from '../../serving/model/table.ts';
import type { Answers } from '../evidence/evidence.ts';
import { association } from '../stats/association.ts';
import { deLong } from '../stats/delong.ts';
import type { Interval } from '../stats/interval.ts';
import { normalQuantile } from '../stats/normal-quantile.ts';
import { edgesAtMost, referenceEdges } from '../stats/reference-bins.ts';

/** How well one protected column can be told from what the model takes and from what it answers. */
export interface Proxies {
  readonly column: string;
  readonly rows: number;
  /** Each input column's association with it (bias-corrected Cramér's V), the strongest first. */
  readonly inputs: readonly { readonly column: string; readonly association: number }[];
  /** Of the decisions with it; undefined for a regression. */
  readonly decisions?: number;
  /** How well one score tells each group from all others, the best first; empty for several classes. */
  readonly groups: readonly ToldGroup[];
}

export interface ToldGroup {
  readonly group: string;
  readonly rows: number;
  /** Probability that a row of the group scores above one of the others; 0.5 tells nothing, and so does neither side of it more than the other. */
  readonly auc: number;
  readonly interval: Interval;
}

/** More rows move a V in its third decimal. */
const MOST_ROWS = 20_000;
/** A number with more values is cut at its deciles. */
const MOST_VALUES = 20;
/** A group of fewer rows, or that leaves fewer, has no AUC worth telling. */
const FEWEST_OF_GROUP = 30;
const MOST_GROUPS = 20;
const ALPHA = 0.05;

/** Undefined where the column is not among the rows, or holds lists. */
export function proxiesOf(
  name: string,
  inputs: readonly string[],
  table: Table,
  answers: Answers,
): Proxies | undefined {
  const rows = spreadRows(table.rows, MOST_ROWS);
  const some = takeRows(table, rows);
  const own = groupsOf(some.columns.get(name));
  if (own === undefined) return undefined;
  const found = inputs
    .filter((input) => input !== name)
    .flatMap((input) => {
      const groups = groupsOf(some.columns.get(input));
      return groups === undefined ? [] : [{ column: input, association: association(groups.codes, own.codes) }];
    })
    .toSorted((a, b) => b.association - a.association);
  const decided =
    answers.task === 'regression' ? undefined : Int32Array.from(rows, (row) => decisionOf(answers, row) + 1);
  return {
    column: name,
    rows: rows.length,
    inputs: found,
    ...(decided === undefined ? {} : { decisions: association(decided, own.codes) }),
    groups:
      answers.task === 'multiclass'
        ? []
        : toldGroups(
            own,
            Float64Array.from(rows, (row) => answers.scores[row] ?? NaN),
          ),
  };
}

interface Groups {
  readonly codes: Int32Array;
  readonly nameOf: (code: number) => string;
}

/** The values of a column as codes from 0, a missing value being one of its own. */
function groupsOf(column: Column | undefined): Groups | undefined {
  switch (column?.kind) {
    case 'category':
      return {
        codes: column.codes.map((code) => code + 1),
        nameOf: (code) => (code === 0 ? 'missing' : (column.dictionary[code - 1] ?? '')),
      };
    case 'integer':
      return groupsOfNumbers(
        Float64Array.from(column.values, (value, row) => (column.missing[row] === 1 ? NaN : Number(value))),
      );
    case 'number':
      return groupsOfNumbers(column.values);
    case 'list':
    case undefined:
      return undefined;
  }
}

function groupsOfNumbers(values: Float64Array): Groups {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  const distinct = [...new Set(known)];
  if (distinct.length <= MOST_VALUES) {
    const codeOf = new Map(distinct.map((value, code) => [value, code + 1]));
    return {
      codes: Int32Array.from(values, (value) => codeOf.get(value) ?? 0),
      nameOf: (code) => (code === 0 ? 'missing' : String(distinct[code - 1])),
    };
  }
  const edges = referenceEdges(known);
  return {
    codes: Int32Array.from(values, (value) => (Number.isNaN(value) ? 0 : 1 + edgesAtMost(edges, value))),
    nameOf: (code) => {
      if (code === 0) return 'missing';
      const [from, to] = [edges[code - 2], edges[code - 1]];
      return from === undefined ? `under ${to}` : to === undefined ? `${from} and more` : `${from} to under ${to}`;
    },
  };
}

function toldGroups({ codes, nameOf }: Groups, scores: Float64Array): readonly ToldGroup[] {
  const z = -normalQuantile(ALPHA / 2);
  const counts = new Map<number, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  const large = [...counts]
    .filter(([, count]) => count >= FEWEST_OF_GROUP && codes.length - count >= FEWEST_OF_GROUP)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MOST_GROUPS);
  return large
    .flatMap(([code, rows]): readonly ToldGroup[] => {
      const inside = Uint8Array.from(codes, (each) => (each === code ? 1 : 0));
      // Against a constant, whose area is ½ without error, DeLong's difference has the area's own error.
      const told = deLong(scores, new Float64Array(scores.length), inside);
      if (told === undefined) return [];
      const half = z * told.standardError;
      return [
        {
          group: nameOf(code),
          rows,
          auc: told.first,
          interval: { lower: told.first - half, upper: told.first + half },
        },
      ];
    })
    .toSorted((a, b) => Math.abs(b.auc - 0.5) - Math.abs(a.auc - 0.5));
}
