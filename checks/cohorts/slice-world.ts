import type { Column } from '../../serving/model/table.ts';
import { sampleEvidence } from '../baseline/sample-evidence.ts';
import { cohortsCheck } from '../cohorts.ts';
import type { Answers } from '../evidence/evidence.ts';
import type { MetricRule } from '../manifest/manifest.ts';
import type { Finding } from '../report/report.ts';
import { seededRandom } from '../stats/seeded-random.ts';

/** Made-up rows and answers for the tests of the slice search. */
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

export interface World {
  readonly seed: number;
  readonly rows?: number;
  /** Extra noise of the candidate's logit where region is C and age is above 50. */
  readonly ruin?: number;
  /** Rows a key; every row is its own by default. */
  readonly perKey?: number;
}

/** Two models of one quality, with noise of their own; five columns, none of which has to do with how good they are. */
export function worldOf({ seed, rows = 1_600, ruin = 0, perKey }: World) {
  const random = seededRandom(seed);
  const draw = () => Float64Array.from({ length: rows }, () => random.normal());
  const [age, income, debt] = [draw(), draw(), draw()];
  const region = Int32Array.from({ length: rows }, () => random.index(4));
  const channel = Int32Array.from({ length: rows }, () => random.index(3));
  const truthLogit = age.map((value, row) => value + (income[row] ?? 0));
  const codes = Int32Array.from(truthLogit, (logit) => (random.uniform() < sigmoid(logit) ? 1 : 0));
  const number = (name: string, values: Float64Array): [string, Column] => [name, { kind: 'number', name, values }];
  const category = (name: string, codesOf: Int32Array): [string, Column] => [
    name,
    { kind: 'category', name, codes: codesOf, dictionary: ['A', 'B', 'C', 'D'] },
  ];
  const columns = new Map<string, Column>([
    number('age', age),
    number('income', income),
    number('debt', debt),
    category('region', region),
    category('channel', channel),
  ]);
  const answers = (ruined: number): Answers => ({
    task: 'binary',
    rows,
    classes: [0, 1],
    threshold: 0.5,
    probabilities: true,
    scores: truthLogit.map((logit, row) => {
      const isRuined = region[row] === 2 && (age[row] ?? 0) > 0.7;
      return sigmoid(logit + 0.5 * random.normal() + (isRuined ? ruined * random.normal() : 0));
    }),
  });
  return {
    data: {
      table: { rows, columns },
      labels: { kind: 'classes', classes: [0, 1], codes } as const,
      ...(perKey === undefined ? {} : { groups: Int32Array.from(codes, (_, row) => Math.floor(row / perKey)) }),
    },
    candidate: answers(ruin),
    champion: answers(0),
  };
}

export function judgedWorld(world: World, rule: MetricRule): readonly Finding[] {
  const { findings } = cohortsCheck.judge(sampleEvidence({ ...worldOf(world), evaluation: { metrics: [rule] } }));
  return findings;
}
/** No margin, so that only the statistics keep it from crying wolf. */
export const strict = (name: MetricRule['name']): MetricRule => ({ name, margin: 0, cohortMargin: 0 });
