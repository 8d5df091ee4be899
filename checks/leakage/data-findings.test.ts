import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { takeRows } from '../../serving/model/rows.ts';
import type { Column, Table } from '../../serving/model/table.ts';
import { fixture, sampleEvidence, sharedData, type SampleEvidence } from '../baseline/sample-evidence.ts';
import type { Answers, EvaluationData, Evidence } from '../evidence/evidence.ts';
import { gathered } from '../evidence/missing.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { dataRuleFindings } from './data-findings.ts';

const ROWS = 1_000;
type Values = (row: number) => number | string;

function columnOf(name: string, rows: number, values: Values): [string, Column] {
  const all = Array.from({ length: rows }, (_, row) => values(row));
  if (all.every((value) => typeof value === 'number'))
    return [name, { kind: 'number', name, values: Float64Array.from(all) }];
  const dictionary = [...new Set(all.map(String))];
  return [
    name,
    { kind: 'category', name, codes: Int32Array.from(all, (value) => dictionary.indexOf(String(value))), dictionary },
  ];
}

const random = seededRandom(11);
const truth = Uint8Array.from({ length: ROWS }, () => (random.uniform() < 0.3 ? 1 : 0));
const noise = Float64Array.from({ length: ROWS }, () => random.normal());
const isTrue = (row: number) => truth[row] === 1;

/** Findings of a table with one column beside noise, binary unless a regression's labels are given. */
function judged(
  column: Values,
  more: Partial<SampleEvidence> & {
    readonly numbers?: Float64Array;
    readonly rows?: number;
    readonly reference?: Table;
  } = {},
) {
  const { numbers, rows = ROWS, reference, ...rest } = more;
  const table: Table = {
    rows,
    columns: new Map([columnOf('asked', rows, column), columnOf('noise', rows, (row) => noise[row] ?? 0)]),
  };
  const data: EvaluationData = {
    table,
    labels:
      numbers === undefined
        ? { kind: 'classes', classes: [0, 1], codes: Int32Array.from(truth.subarray(0, rows)) }
        : { kind: 'values', values: numbers },
  };
  const candidate: Answers = { task: 'regression', rows, scores: new Float64Array(rows) };
  const evidence: Evidence = {
    ...sampleEvidence({ data, candidate, inputs: ['asked', 'noise'], ...rest }),
    ...(reference === undefined ? {} : { reference: gathered(reference) }),
  };
  return new Map(dataRuleFindings(evidence).map((finding) => [finding.id.replace('manifest/', ''), finding] as const));
}
const told = (found: ReturnType<typeof judged>, id: string) => {
  const finding = found.get(id);
  return finding === undefined ? 'nothing' : `${finding.verdict} ${finding.severity}`;
};

describe('an input that gives the label away', () => {
  it.each([
    ['the label itself blocks', (row: number) => truth[row] ?? 0, 'fail blocking'],
    ['the label in other words blocks', (row: number) => (isTrue(row) ? 'defaulted' : 'paid'), 'fail blocking'],
    ['several values for each class are told', (row: number) => (isTrue(row) ? 10 : 0) + (row % 4), 'fail advisory'],
    ['an area of 0.999 and more is told', (row: number) => (truth[row] ?? 0) * 10 + (noise[row] ?? 0), 'fail advisory'],
  ] as const)('%s', (_, column, expected) => expect(told(judged(column), 'leak/asked')).toBe(expected));

  it('and a strong honest one does not: the closest is named with its number', () => {
    const found = judged((row) => (truth[row] ?? 0) * 2 + (noise[row] ?? 0));
    expect(told(found, 'leak')).toBe('pass blocking');
    expect(found.get('leak')?.measured).toMatchObject({ columns: 2, closest: { column: 'asked', measure: 'auc' } });
  });

  it('an identifier, of which every value is its own, is no leak', () => {
    expect(
      told(
        judged((row) => `id-${row}`),
        'leak',
      ),
    ).toBe('pass blocking');
  });

  it.each([
    ['in other units blocks', (label: number) => 1.8 * label + 32, 'leak/asked', 'fail blocking'],
    [
      'but for a little noise is told',
      (label: number, row: number) => label + 0.01 * (noise[row] ?? 0),
      'leak/asked',
      'fail advisory',
    ],
    [
      'with honest noise passes',
      (label: number, row: number) => label + 0.5 * (noise[row] ?? 0),
      'leak',
      'pass blocking',
    ],
  ] as const)('a number that is the label %s', (_, of, id, expected) => {
    const draws = seededRandom(5);
    const numbers = Float64Array.from({ length: ROWS }, () => draws.normal());
    expect(
      told(
        judged((row) => of(numbers[row] ?? 0, row), { numbers }),
        id,
      ),
    ).toBe(expected);
  });

  it('is not asked of few rows, where chance makes such columns', () => {
    expect(
      told(
        judged((row) => truth[row] ?? 0, { rows: 150 }),
        'leak',
      ),
    ).toBe('not-applicable blocking');
  });

  it('the key among the inputs blocks', () => {
    expect(
      told(
        judged((row) => row, { evaluation: { key: 'asked' } }),
        'key-input',
      ),
    ).toBe('fail blocking');
    expect(
      told(
        judged((row) => row, { evaluation: { key: 'customer' } }),
        'key-input',
      ),
    ).toBe('pass blocking');
  });
});

describe('rows that the reference holds as well', () => {
  const values = (row: number) => Math.round(1e6 * Math.sin(row));
  /** A reference whose first rows are the evaluation's, and whose others are new. */
  const referenceWith = (shared: number): Table => ({
    rows: ROWS,
    columns: new Map([
      columnOf('asked', ROWS, (row) => (row < shared ? values(row) : values(row + ROWS))),
      columnOf('noise', ROWS, (row) => (row < shared ? (noise[row] ?? 0) : row)),
    ]),
  });

  it.each([
    [0, 'pass blocking'],
    [5, 'pass blocking'],
    [100, 'fail advisory'],
    [400, 'fail blocking'],
  ] as const)('%i of 1,000: %s', (shared, expected) => {
    const found = judged(values, { reference: referenceWith(shared) });
    expect(told(found, 'duplicates/reference')).toBe(expected);
    expect(found.get('duplicates/reference')?.measured).toMatchObject({ shared, natural: 0, share: shared / ROWS });
  });

  it('do not count where few discrete columns make twins by chance: the reference has as many among its own', () => {
    const few = seededRandom(8);
    const draw = (): Table => ({
      rows: ROWS,
      columns: new Map([columnOf('asked', ROWS, () => few.index(40)), columnOf('noise', ROWS, () => few.index(5))]),
    });
    const evaluation = draw();
    const column = evaluation.columns.get('asked');
    const evidence = sampleEvidence({
      data: { table: evaluation, labels: { kind: 'classes', classes: [0, 1], codes: Int32Array.from(truth) } },
      candidate: { task: 'regression', rows: ROWS, scores: new Float64Array(ROWS) },
      inputs: ['asked', 'noise'],
    });
    const finding = dataRuleFindings({ ...evidence, reference: gathered(draw()) }).find(
      ({ id }) => id === 'manifest/duplicates/reference',
    );
    expect(column?.kind).toBe('number');
    expect(finding?.verdict).toBe('pass');
    expect(Number(finding?.measured['share'])).toBeGreaterThan(0.9);
  });

  it('are the same whatever codes and order their texts have', () => {
    const evaluation = columnOf('asked', ROWS, (row) => `text ${row % 7}-${row}`);
    const reference: Table = {
      rows: ROWS,
      columns: new Map([
        columnOf('asked', ROWS, (row) => `text ${(ROWS - 1 - row) % 7}-${ROWS - 1 - row}`),
        columnOf('noise', ROWS, (row) => noise[ROWS - 1 - row] ?? 0),
      ]),
    };
    expect(evaluation[1].kind).toBe('category');
    const found = judged((row) => `text ${row % 7}-${row}`, { reference });
    expect(found.get('duplicates/reference')?.measured).toMatchObject({ shared: ROWS });
  });

  it('that repeat each other are told beside a reference that has no such rows', () => {
    const found = judged((row) => row % 500, { reference: referenceWith(0) });
    // The column noise is another number in every row, so nothing repeats.
    expect(told(found, 'duplicates/evaluation')).toBe('pass blocking');
  });
});

describe('what the manifest says a column may hold', () => {
  it('passes with the columns that were held to it', () => {
    const found = judged((row) => row % 10, { columns: { asked: { min: 0, max: 9 } } });
    expect(found.get('domain')).toMatchObject({ verdict: 'pass', measured: { columns: 1 } });
  });

  it.each([
    [{ max: 8 }, /100 of 1,000 values lie outside, first 9 in row 10; declared is at most 8/],
    [{ min: 1, max: 9 }, /100 of 1,000 values lie outside, first 0 in row 1; declared is 1 to 9/],
    [{ values: [0, 1, 2] }, /700 of 1,000 values lie outside, first 3 in row 4; declared is one of 0, 1, 2/],
  ] as const)('%o blocks with counts and the first row where the evaluation data break it', (domain, reason) => {
    const finding = judged((row) => row % 10, { columns: { asked: domain } }).get('domain/asked');
    expect(finding).toMatchObject({ verdict: 'fail', severity: 'blocking', reason: expect.stringMatching(reason) });
  });

  it('blocks for more missing values than the share that is declared, when chance does not explain them', () => {
    const column = (row: number) => (row % 10 === 0 ? NaN : row);
    expect(told(judged(column, { columns: { asked: { missing: 0 } } }), 'domain/asked')).toBe('fail blocking');
    expect(told(judged(column, { columns: { asked: { missing: 0.05 } } }), 'domain/asked')).toBe('fail blocking');
    expect(told(judged(column, { columns: { asked: { missing: 0.095 } } }), 'domain')).toBe('pass blocking');
  });

  it('that only the reference breaks is told', () => {
    const reference: Table = { rows: ROWS, columns: new Map([columnOf('asked', ROWS, (row) => row)]) };
    const found = judged((row) => row % 10, { columns: { asked: { max: 9 } }, reference });
    expect(told(found, 'domain/asked')).toBe('fail advisory');
    expect(found.get('domain/asked')?.reason).toContain('in the reference 990 of 1,000 values lie outside');
  });
});

describe.skipIf(!existsSync(sharedData))('real data', () => {
  it.each(['adult', 'bike', 'loans'] as const)(
    'of %s leak nothing and share no rows that chance does not explain',
    async (set) => {
      const [{ data, answers }, { data: reference }] = [await fixture(set), await fixture(set, 'reference')];
      const label = { adult: 'income_gt_50k', bike: 'cnt', loans: 'defaulted' }[set];
      const inputs = [...data.table.columns.keys()].filter((name) => name !== label && name !== 'row_id');
      const evidence = sampleEvidence({ data, candidate: answers('v2_better'), inputs, evaluation: { label } });
      const found = dataRuleFindings({ ...evidence, reference: gathered(reference.table) });
      expect(found.filter(({ verdict }) => verdict !== 'pass').map(({ id, reason }) => `${id}: ${reason}`)).toEqual([]);
    },
  );

  it('of which half was trained on is found', async () => {
    const [{ data, answers }, { data: reference }] = [await fixture('adult'), await fixture('adult', 'reference')];
    const { table } = reference;
    const rows = Int32Array.from({ length: table.rows }, (_, row) => row);
    const half = takeRows(
      data.table,
      Int32Array.from({ length: data.table.rows / 2 }, (_, row) => 2 * row),
    );
    const columns = new Map(
      [...takeRows(table, rows).columns].map(([name, column]): [string, Column] => {
        const other = half.columns.get(name);
        if (column.kind === 'number' && other?.kind === 'number')
          return [name, { ...column, values: Float64Array.from([...column.values, ...other.values]) }];
        if (column.kind !== 'category' || other?.kind !== 'category')
          throw new Error(`${name} is a number or a category`);
        const texts = [column, other].flatMap((each) => Array.from(each.codes, (code) => each.dictionary[code] ?? ''));
        return columnOf(name, texts.length, (row) => texts[row] ?? '');
      }),
    );
    const inputs = ['age', 'fnlwgt', 'occupation', 'education_num', 'hours_per_week', 'native_country'];
    const evidence = sampleEvidence({
      data,
      candidate: answers('v2_better'),
      inputs,
      evaluation: { label: 'income_gt_50k' },
    });
    const found = dataRuleFindings({ ...evidence, reference: gathered({ rows: table.rows + half.rows, columns }) });
    const finding = found.find(({ id }) => id === 'manifest/duplicates/reference');
    expect(finding).toMatchObject({ verdict: 'fail', severity: 'blocking' });
    expect(Number(finding?.measured['share'])).toBeGreaterThan(0.5);
  });
});
