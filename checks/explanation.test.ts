import { describe, expect, it } from 'vitest';
import type { Column, Table } from '../serving/model/table.ts';
import { sampleEvidence } from './baseline/sample-evidence.ts';
import type { Answers, Evidence } from './evidence/evidence.ts';
import type {
  ColumnImportance,
  Counterfactual,
  ExplainedDecision,
  ExplainedModel,
  ExplanationEvidence,
} from './evidence/explanation-evidence.ts';
import { gathered, missing } from './evidence/missing.ts';
import { explanation } from './explanation.ts';
import type { ManifestColumn } from './manifest/manifest.ts';
import type { Finding } from './report/report.ts';
import { seededRandom } from './stats/seeded-random.ts';

const PARTS = 20;

/** Losses around a mean, with a spread between parts, as twenty independent parts would give. */
function importance(column: string, mean: number, spread: number, changed = 500): ColumnImportance {
  const random = seededRandom(Buffer.from(column).reduce((sum, letter) => (sum * 31 + letter) % 1e9, 7));
  const parts = Array.from({ length: PARTS }, () => spread * random.normal());
  const centre = parts.reduce((sum, each) => sum + each, 0) / PARTS;
  const own = parts.map((each) => mean + each - centre);
  const meanOf = (some: readonly number[]) => some.reduce((sum, each) => sum + each, 0) / some.length;
  return {
    column,
    losses: Float64Array.of(mean, mean, mean),
    withoutPart: Float64Array.from(own, (_, part) => meanOf(own.filter((__, other) => other !== part))),
    onHalves: Float64Array.from({ length: 20 }, (_, half) =>
      meanOf(own.filter((__, part) => (part + (half >> 1)) % 2 === half % 2)),
    ),
    changed,
  };
}

function model(
  label: string,
  columns: readonly ColumnImportance[],
  more: Partial<ExplainedModel> = {},
): ExplainedModel {
  return {
    label,
    metric: 'roc_auc',
    value: 0.9,
    rows: 2000,
    of: 7000,
    parts: PARTS,
    shuffles: 3,
    columns,
    left: [],
    ...more,
  };
}

const clear = [importance('income', 0.2, 0.01), importance('age', 0.1, 0.01), importance('region', 0.0002, 0.001)];

interface Setting {
  readonly measured: Omit<ExplanationEvidence, 'candidate'> & { readonly candidate?: ExplainedModel };
  readonly columns?: Readonly<Record<string, Partial<ManifestColumn>>>;
  readonly table?: Table;
  readonly answers?: Answers;
}

function evidenceOf({ measured, columns = {}, table = rowsOf({}), answers = scoresOf(table.rows) }: Setting): Evidence {
  const evidence = sampleEvidence({
    data: { table, labels: { kind: 'classes', classes: [0, 1], codes: new Int32Array(table.rows) } },
    candidate: answers,
    columns,
  });
  return { ...evidence, explanation: gathered({ candidate: model('income 2.0.0', clear), ...measured }) };
}

function rowsOf(columns: Readonly<Record<string, readonly (string | number)[]>>): Table {
  const made = Object.entries(columns).map(([name, values]): [string, Column] => {
    if (values.every((value) => typeof value === 'number'))
      return [name, { kind: 'number', name, values: Float64Array.from(values) }];
    const dictionary = [...new Set(values.map(String))];
    return [
      name,
      {
        kind: 'category',
        name,
        dictionary,
        codes: Int32Array.from(values, (value) => dictionary.indexOf(String(value))),
      },
    ];
  });
  return { rows: Object.values(columns)[0]?.length ?? 0, columns: new Map(made) };
}

function scoresOf(rows: number, of: (row: number) => number = () => 0.5): Answers {
  const scores = Float64Array.from({ length: rows }, (_, row) => of(row));
  return { task: 'binary', rows, classes: [0, 1], scores, threshold: 0.5, probabilities: true };
}

function judged(setting: Setting): ReadonlyMap<string, Finding> {
  return new Map(explanation.judge(evidenceOf(setting)).findings.map((finding) => [finding.id, finding]));
}

describe('what the columns are worth', () => {
  it('is told with every number, and names what carries most in the title', () => {
    const judgement = explanation.judge(evidenceOf({ measured: {} }));
    expect(judgement.title).toBe('income and age carry 99.9 % of what the inputs add to roc_auc');
    const overview = judgement.findings.find(({ id }) => id === 'explanation/importance');
    expect(overview).toMatchObject({ verdict: 'pass', measured: { n: 2000, of: 7000, shuffles: 3, parts: 20 } });
    expect(overview?.reason).toMatch(/^2 columns of 3 matter to roc_auc \(0\.900\); shuffling income costs 0\.200 \[/);
    expect(judgement.figures?.[0]).toMatchObject({ kind: 'intervals', id: 'importance' });
  });

  it('calls a column unused where its interval covers nothing and ends below the margin', () => {
    const findings = judged({ measured: {} });
    expect(findings.get('explanation/unused/region')).toMatchObject({ verdict: 'fail', severity: 'advisory' });
    expect(findings.has('explanation/unused/age')).toBe(false);
  });

  it('does not call a column unused where the rows cannot tell', () => {
    const columns = [importance('income', 0.2, 0.01), importance('age', 0.001, 0.04)];
    const findings = judged({ measured: { candidate: model('m', columns) } });
    expect(findings.has('explanation/unused/age')).toBe(false);
  });

  it('calls no column unused where columns stand in for each other: none matters alone, and all of them together do', () => {
    const alike = ['width', 'height', 'area'].map((name, i) => importance(name, 0.0005 + i / 1e4, 0.002));
    const { losses, withoutPart } = importance('together', 0.3, 0.02);
    const together = { columns: ['width', 'height', 'area'], losses, withoutPart };
    const findings = judged({
      measured: { candidate: model('m', [importance('age', 0.1, 0.01), ...alike], { together }) },
    });
    expect(findings.get('explanation/unused')).toMatchObject({ verdict: 'pass', severity: 'advisory' });
    expect(findings.get('explanation/unused')?.reason).toContain('they stand in for each other');
    expect([...findings.keys()].filter((id) => id.startsWith('explanation/unused/'))).toEqual([]);
  });

  it('says of a column that changes no answer that the model does not use it', () => {
    const columns = [...clear, importance('ignored', 0, 0, 0)];
    const { reason } = judged({ measured: { candidate: model('m', columns) } }).get('explanation/unused/ignored') ?? {};
    expect(reason).toMatch(/^ignored changes no answer/);
  });

  it('suspects a leak where one column carries nearly everything, and not where two share it', () => {
    const one = [importance('outcome_code', 0.45, 0.01), importance('age', 0.002, 0.0001)];
    const { verdict, reason } =
      judged({ measured: { candidate: model('m', one) } }).get('explanation/leak/outcome_code') ?? {};
    expect(verdict).toBe('fail');
    expect(reason).toContain('99.6 %');
    expect([...judged({ measured: {} }).keys()].filter((id) => id.startsWith('explanation/leak'))).toEqual([]);
  });

  it('says what there was no time for', () => {
    const candidate = model('m', clear, { left: ['zip', 'city'] });
    expect(judged({ measured: { candidate } }).get('explanation/left')?.verdict).toBe('inconclusive');
  });

  it('cannot say anything from fewer than five independent parts', () => {
    const few = clear.map((column) => ({ ...column, withoutPart: column.withoutPart.slice(0, 3) }));
    const candidate = model('m', few, { parts: 3, rows: 3 });
    expect(judged({ measured: { candidate } }).get('explanation/importance')?.verdict).toBe('inconclusive');
  });

  it('is inconclusive, and says who can tell, where nothing was measured', () => {
    const { explanation: _, ...evidence } = evidenceOf({ measured: {} });
    const unanswered = { ...evidence, candidate: missing('artifact', 'it fails on evaluation rows') };
    expect(explanation.judge(unanswered).findings).toMatchObject([
      { id: 'explanation/importance', verdict: 'inconclusive', measured: { owner: 'artifact' } },
    ]);
  });
});

describe('the stability of the ranking', () => {
  const noisy = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, i) => importance(name, 0.05 + i * 0.001, 0.08));

  it('passes where halves rank alike', () => {
    const stability = judged({ measured: {} }).get('explanation/stability');
    expect(stability).toMatchObject({ verdict: 'pass', measured: { stable: 0.9, columnsAboveNothing: 2 } });
  });

  it('fails where 2,000 rows do not rank columns alike', () => {
    expect(judged({ measured: { candidate: model('m', noisy) } }).get('explanation/stability')?.verdict).toBe('fail');
  });

  it('is inconclusive on fewer rows, and says how many would decide', () => {
    const candidate = model('m', noisy, { rows: 300, of: 300 });
    const stability = judged({ measured: { candidate } }).get('explanation/stability');
    expect(stability?.verdict).toBe('inconclusive');
    expect(stability?.next).toMatch(/Evaluate on (about [\d,]+ rows|more rows)/);
  });

  it('is inconclusive where no two columns can be told from nothing', () => {
    const candidate = model('m', [importance('a', 0.001, 0.1), importance('b', 0, 0.1)]);
    expect(judged({ measured: { candidate } }).get('explanation/stability')?.verdict).toBe('inconclusive');
  });
});

describe('the change against the champion', () => {
  it('names columns whose share moved beyond chance and by a tenth, and folds the others', () => {
    const champion = model('income 1.0.0', [importance('income', 0.05, 0.005), importance('age', 0.1, 0.01)]);
    const findings = judged({ measured: { champion } });
    expect(findings.get('explanation/change/income')).toMatchObject({
      verdict: 'fail',
      severity: 'advisory',
      measured: { inputOf: 'both' },
    });
    expect(findings.get('explanation/change/income')?.reason).toMatch(/^income gained: 33\.3 % .* now 66\.6 %/);
    expect(findings.get('explanation/change')?.verdict).toBe('pass');
    expect(findings.has('explanation/change/region')).toBe(false);
  });

  it('finds nothing between a model and itself', () => {
    const findings = judged({ measured: { champion: model('income 1.0.0', clear) } });
    expect([...findings.keys()].filter((id) => id.startsWith('explanation/change'))).toEqual(['explanation/change']);
  });

  it('cannot say of a share that may have moved by a tenth, or by chance', () => {
    const noisy = [importance('income', 0.05, 0.3), importance('age', 0.1, 0.3)];
    const findings = judged({
      measured: {
        candidate: model('m', [importance('income', 0.1, 0.3), importance('age', 0.1, 0.3)]),
        champion: model('n', noisy),
      },
    });
    expect(findings.get('explanation/change')).toMatchObject({ verdict: 'inconclusive', severity: 'advisory' });
  });

  it('cannot say where the two were asked about other rows', () => {
    const champion = model('income 1.0.0', clear, { rows: 500 });
    expect(judged({ measured: { champion } }).get('explanation/change')?.verdict).toBe('inconclusive');
  });
});

describe('single answers', () => {
  const decision = (difference: number): ExplainedDecision => ({
    row: 11,
    score: 0.9,
    background: 0.3,
    backgroundRows: 100,
    contributions: [
      { factor: 'income', value: 0.5, standardError: 0 },
      { factor: 'age', value: 0.1 + difference, standardError: 0 },
    ],
    additivity: { sum: 0.6 + difference, expected: 0.6, difference, holds: difference === 0 },
    exactRows: 100,
    orders: 0,
    asked: 402,
  });

  it('can be explained where contributions add up, with an example', () => {
    const found = judged({ measured: { decisions: [decision(0)] } }).get('explanation/decision');
    expect(found?.verdict).toBe('pass');
    expect(found?.reason).toContain('row 12 got 0.900, the mean being 0.300: income +0.500, age +0.100');
  });

  it('cannot be explained where they do not', () => {
    const found = judged({ measured: { decisions: [decision(0), decision(0.05)] } }).get('explanation/decision');
    expect(found).toMatchObject({ verdict: 'fail', severity: 'blocking', measured: { largestDifference: 0.05 } });
  });
});

describe('protected columns', () => {
  const rows = 400;
  const sex = Array.from({ length: rows }, (_, row) => (row % 2 === 0 ? 'Female' : 'Male'));
  const table = rowsOf({
    sex,
    // Tells sex in ten of eleven rows.
    relationship: sex.map((value, row) => (row % 11 < 10 ? (value === 'Male' ? 'Husband' : 'Wife') : 'Other')),
    income: Array.from({ length: rows }, (_, row) => (row * 37) % 101),
  });
  const columns = { sex: { protected: true } };
  const candidate = model('m', [importance('relationship', 0.1, 0.01), importance('income', 0.1, 0.01)]);
  const exchanged = (flipped: number, of = 2000): Counterfactual => ({
    column: 'sex',
    rows: of,
    alternatives: [
      { value: 'Male', rows: of / 2, flips: flipped, toPositive: flipped, meanChange: 0.1, meanAbsoluteChange: 0.1 },
    ],
    flipped,
    spread: 0.2,
  });
  const taken = model('m', [...candidate.columns, importance('sex', 0.05, 0.005)]);

  it('have proxies: inputs that tell them, though they are no input themselves', () => {
    const findings = judged({ measured: { candidate }, columns, table });
    const proxy = findings.get('explanation/proxy/sex/relationship');
    expect(proxy).toMatchObject({ verdict: 'fail', severity: 'advisory' });
    expect(proxy?.reason).toMatch(/^relationship tells sex: Cramér's V 0\.9\d \(limit 0\.5\); it carries 50\.0 %/);
    expect(findings.has('explanation/proxy/sex/income')).toBe(false);
    expect(findings.get('explanation/counterfactual/sex')?.verdict).toBe('not-applicable');
  });

  it('pass with their numbers where no input tells them', () => {
    const findings = judged({ measured: { candidate: model('m', [importance('income', 0.1, 0.01)]) }, columns, table });
    expect(findings.get('explanation/proxy/sex')).toMatchObject({ verdict: 'pass', measured: { limit: 0.5, n: rows } });
  });

  it('are told by the score alone where groups score apart', () => {
    const apart = scoresOf(rows, (row) => (row % 2 === 0 ? 0.2 : 0.8) + (row % 7) / 100);
    const alike = scoresOf(rows, (row) => ((row * 31) % 97) / 97);
    const verdictOf = (answers: Answers) =>
      judged({ measured: { candidate }, columns, table, answers }).get('explanation/proxy/sex/score')?.verdict;
    expect(verdictOf(apart)).toBe('fail');
    expect(verdictOf(alike)).toBe('pass');
  });

  it.each([
    [200, 'fail'],
    [2, 'pass'],
    [20, 'inconclusive'],
  ] as const)('as inputs are exchanged: %i of 2,000 decisions that change %s', (flipped, verdict) => {
    const measured = { candidate: taken, counterfactuals: [exchanged(flipped)] };
    expect(judged({ measured, columns, table }).get('explanation/counterfactual/sex')?.verdict).toBe(verdict);
  });

  it('of a regression are judged by how far answers move', () => {
    const moved = (change: number): Counterfactual => ({
      ...exchanged(0),
      alternatives: [{ value: 'Male', rows: 1000, flips: 0, meanChange: change, meanAbsoluteChange: change }],
    });
    const verdictOf = (change: number) =>
      judged({ measured: { candidate: taken, counterfactuals: [moved(change)] }, columns, table }).get(
        'explanation/counterfactual/sex',
      )?.verdict;
    expect(verdictOf(0.1)).toBe('fail');
    expect(verdictOf(0.001)).toBe('pass');
  });

  it('that the evaluation data lack cannot be looked for', () => {
    const findings = judged({ measured: { candidate }, columns: { race: { protected: true } }, table });
    expect(findings.get('explanation/proxy/race')?.verdict).toBe('inconclusive');
  });

  it('are asked about by nobody where none is declared', () => {
    expect(judged({ measured: {} }).get('explanation/proxy')?.verdict).toBe('not-applicable');
  });
});
