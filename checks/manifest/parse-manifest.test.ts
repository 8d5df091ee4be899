import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { Place } from '../report/report.ts';
import { durationText } from './duration.ts';
import { fullManifest, smallestManifest } from './manifest-samples.ts';
import type { LoadedManifest } from './manifest.ts';
import { parseManifest } from './parse-manifest.ts';
import { parsePolicy } from './parse-policy.ts';
import { textOfProblem } from './problem.ts';
import { textOfBytes } from './read-document.ts';

const path = 'models/income/model.yaml';

function loaded(source: string, policy = ''): LoadedManifest {
  const rules = parsePolicy(policy, '.github/slipway.yml');
  if (rules.kind === 'refused') throw new Error(rules.problems.map(textOfProblem).join('\n'));
  const parsed = parseManifest(source, path, rules.loaded.policy);
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(textOfProblem).join('\n'));
  return parsed.loaded;
}

function problems(source: string): readonly string[] {
  const parsed = parseManifest(source, path);
  return parsed.kind === 'refused' ? parsed.problems.map(textOfProblem) : [];
}

describe('a manifest that is right', () => {
  test('the smallest one is enough, and every default is told', () => {
    const { manifest, defaults, folder } = loaded(smallestManifest);
    expect(folder).toBe('models/income');
    expect(
      manifest.rollout.steps.map((step) => step.kind === 'weight' && [step.weight, durationText(step.forMs)]),
    ).toEqual([5, 25, 50].map((weight) => [weight, '10m']));
    expect(manifest.rollout).toMatchObject({
      strategy: 'canary',
      analysis: { errors: 0.01, latency: 1.2 },
      minimum: 200,
      onInsufficient: 'hold',
      onFail: 'abort',
      keepWarmMs: 86_400_000,
    });
    expect(manifest.serving).toEqual({ maxBatch: 64, strictInputs: false });
    expect(manifest.drift).toEqual({ alpha: 0.01, effect: { psi: 0.1, auc: 0.6 }, windowMs: 604_800_000 });
    expect(defaults).toMatchObject({
      '/baseline': 'production',
      '/drift/alpha': 0.01,
      '/rollout/minimum': 200,
      '/evaluation/corners': true,
    });
  });

  test('a private column may be logged as a hash, and is private as others are', () => {
    const { manifest } = loaded(
      `${smallestManifest}columns: { a: { pii: hash }, b: { pii: true }, c: { type: number } }\n`,
    );
    expect(manifest.columns['a']).toEqual({ protected: false, pii: true, hashed: true });
    expect(manifest.columns['b']).toEqual({ protected: false, pii: true });
    expect(manifest.columns['c']).toMatchObject({ pii: false });
  });

  test('the full one of the design is read as it stands', () => {
    const { manifest } = loaded(fullManifest);
    expect(manifest.inputs).toEqual([
      { name: 'features', columns: ['age', 'education-num', 'hours-per-week'] },
      { name: 'workclass', columns: ['workclass'] },
      { name: 'image', columns: ['pixels'], shape: [3, 224, 224] },
    ]);
    expect(manifest.columns['race']).toMatchObject({ protected: true, pii: false, input: 'justified' });
    expect(manifest.evaluation.cohorts).toEqual([
      { column: 'sex' },
      { column: 'race' },
      { column: 'age', bins: [25, 45, 65] },
    ]);
    expect(manifest.rollout.steps).toEqual([
      { kind: 'shadow', forMs: 600_000 },
      { kind: 'weight', weight: 5, forMs: 600_000 },
      { kind: 'weight', weight: 25, forMs: 1_800_000 },
      { kind: 'pause' },
      { kind: 'weight', weight: 50, forMs: 1_800_000 },
    ]);
    expect(manifest.lifetime?.reviewBy).toBe('2027-03-01');
    expect(manifest.version).toBe('2.0.0');
  });

  test('digests are read in either case and kept in lower case', () => {
    const { manifest, revision } = loaded(
      smallestManifest.replaceAll(/[0-9a-f]{64}/g, (digest) => digest.toUpperCase()),
    );
    expect(manifest.artifact.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(revision).toBe(loaded(smallestManifest).revision);
  });

  test('a byte-order mark and Windows line ends change nothing, not even the places', () => {
    const windows = `\uFEFF${fullManifest.replaceAll('\n', '\r\n')}`;
    expect(loaded(windows).revision).toBe(loaded(fullManifest).revision);
    expect(loaded(windows).place('/evaluation/label')).toEqual(loaded(fullManifest).place('/evaluation/label'));
  });

  test("the policy's defaults come before Slipway's, and the manifest's own values before both", () => {
    const policy =
      'checks: { defaults: { drift: { alpha: 0.05, window: 1d }, performance: { p99Ms: 5 }, evaluation: { metrics: [{ name: roc_auc, min: 0.7 }] } } }';
    const { manifest, defaults } = loaded(`${smallestManifest}drift: { window: 2d }\n`, policy);
    expect(manifest.drift).toMatchObject({ alpha: 0.05, windowMs: 172_800_000 });
    expect(manifest.performance).toEqual({ p99Ms: 5 });
    expect(manifest.evaluation.metrics).toEqual([{ name: 'roc_auc', min: 0.7 }]);
    expect(defaults).toMatchObject({ '/drift/alpha': 0.05, '/performance/p99Ms': 5 });
  });

  test('strategies without steps have steps of their own', () => {
    expect(loaded(`${smallestManifest}rollout: { strategy: blue-green }\n`).manifest.rollout.steps).toEqual([]);
    expect(loaded(`${smallestManifest}rollout: { strategy: shadow }\n`).manifest.rollout.steps).toEqual([
      { kind: 'shadow', forMs: 600_000 },
    ]);
  });

  test('an alias stands for what it names', () => {
    const digest = /sha256: ([0-9a-f]{64})/.exec(smallestManifest)?.[1] ?? '';
    const source = smallestManifest
      .replace(digest, `&digest ${digest}`)
      .replace(new RegExp(`${digest} \\}\\n  label`), '*digest }\n  label');
    expect(loaded(source).revision).toBe(loaded(smallestManifest).revision);
  });
});

describe('places', () => {
  test('a value is where it is written, a section is where its key is, an absent value is where its parent is', () => {
    const place = (pointer: string) => loaded(fullManifest).place(pointer);
    const lines = fullManifest.split('\n');
    const metric = place('/evaluation/metrics/0');
    expect(lines[(metric.line ?? 0) - 1]?.slice((metric.column ?? 0) - 1)).toMatch(/^\{ name: roc_auc/);
    const evaluation = place('/evaluation');
    expect(lines[(evaluation.line ?? 0) - 1]?.slice((evaluation.column ?? 0) - 1)).toBe('evaluation:');
    expect(place('/evaluation/metrics/0/nothing')).toEqual(metric);
    expect(place('/nothing/at/all')).toEqual({ file: path, line: 1, column: 1 });
  });
});

describe('a manifest that is wrong', () => {
  test('every problem is told at once, each with place, value and expectation', () => {
    const source = `apiVersion: slipway/v1
kind: Model
name: Income
version: 1.0
artifact: { uri: model.onnx, sha256: 12 }
evaluation:
  data: { uri: x.csv }
  label: income
  metrics:
    - { name: roc_acu, margin: 0.005x }
    - { name: roc_auc, margn: 0.1 }
rollout: { keepWarm: 24 }
baseline: { version: 1.0 }
lifetime: { reviewBy: 2027-02-30 }
`;
    expect(problems(source)).toEqual([
      `${path}:3:7 name is "Income" (text); expected a lowercase letter followed by at most 39 lowercase letters, digits or hyphens`,
      `${path}:4:10 version is 1.0 (number); expected a letter or digit followed by at most 63 letters, digits, dots, underscores or hyphens (YAML reads it as a number: quote it, "1.0")`,
      `${path}:5:38 artifact.sha256 is 12 (number); expected 64 hex digits (what sha256sum prints)`,
      `${path}:7:9 evaluation.data.sha256 is missing; expected 64 hex digits (what sha256sum prints)`,
      `${path}:10:15 evaluation.metrics[0].name is "roc_acu" (text); expected one of roc_auc, average_precision, log_loss, brier, accuracy, balanced_accuracy, precision, recall, specificity, f1, matthews_correlation, macro_roc_auc, macro_f1, macro_precision, macro_recall, weighted_f1, weighted_precision, weighted_recall, micro_f1, micro_precision, micro_recall, top_2_accuracy, top_3_accuracy, top_5_accuracy, mae, median_absolute_error, mape, mse, rmse, r2 (did you mean roc_auc?)`,
      `${path}:10:32 evaluation.metrics[0].margin is "0.005x" (text); expected a number of at least 0`,
      `${path}:11:24 evaluation.metrics[1] has the unknown key margn; known: name, min, max, margin, cohortMargin, claimed (did you mean margin?)`,
      `${path}:12:22 rollout.keepWarm is 24 (number); expected a duration such as 30s, 10m, 24h or 7d`,
      `${path}:13:22 baseline.version is 1.0 (number); expected a letter or digit followed by at most 63 letters, digits, dots, underscores or hyphens (YAML reads it as a number: quote it, "1.0")`,
      `${path}:14:23 lifetime.reviewBy is "2027-02-30" (text); expected a date such as 2027-03-01`,
    ]);
  });

  const cases: readonly (readonly [string, string, string])[] = [
    ['an empty file', '', ':1:1 the file is empty; expected a mapping'],
    ['a file of comments', '# nothing\n', ':1:1 the file is empty; expected a mapping'],
    ['a list', '- 1\n', ':1:1 the document is a list of 1; expected a mapping with apiVersion'],
    ['a key twice', `${smallestManifest}name: other\n`, ':9:1 this key stands here for the second time'],
    ['two documents', `${smallestManifest}---\n${smallestManifest}`, ':9:1 the file holds 2 documents; expected one'],
    ['a tab as indentation', smallestManifest.replace('  label', '\tlabel'), ':8:1 a tab is used as indentation'],
    ['a login without quotes', `${smallestManifest}owners: [@ana]\n`, 'expected quotes around it (put it in quotes)'],
    [
      'an alias of nothing',
      `${smallestManifest}description: *gone\n`,
      ':9:14 the file cannot be read here; expected the alias *gone to be defined above, as &gone',
    ],
    ['an alias inside of itself', `${smallestManifest}labels: &a { b: *a }\n`, 'expected at most 64 levels'],
    ['a NUL byte', `${smallestManifest}description: a\0b\n`, ':9:15 the file holds the character U+0000'],
    [
      'a key called __proto__',
      `${smallestManifest}labels: { __proto__: x }\n`,
      ':9:11 the file cannot be read here; expected a key other than __proto__',
    ],
    [
      'a file of more than 1 MB',
      `${smallestManifest}description: ${'x'.repeat(1_000_000)}\n`,
      'expected at most 1000000',
    ],
    ['an unclosed bracket', `${smallestManifest}owners: [\n`, 'this is no YAML'],
    ['a tag of YAML', `${smallestManifest}description: !!binary aGVsbG8=\n`, 'expected a value without a tag'],
    [
      'inputs of one name',
      `${smallestManifest}inputs: [{ name: x, column: a }, { name: x, column: b }]\n`,
      'inputs[1].name is "x" again, as in inputs[0]',
    ],
    [
      'a range upside down',
      `${smallestManifest}columns: { age: { min: 2, max: 1 } }\n`,
      'columns.age.min is 2, above max, which is 1',
    ],
    [
      'a canary without steps',
      `${smallestManifest}rollout: { steps: [] }\n`,
      'rollout.steps is empty with the strategy canary',
    ],
    [
      'a schedule that is no cron',
      `${smallestManifest}lifetime: { retrain: { schedule: "every monday", workflow: retrain.yml } }\n`,
      'lifetime.retrain.schedule is "every monday", which names no time; expected five fields of cron',
    ],
    [
      'a schedule of a day that never comes',
      `${smallestManifest}lifetime: { retrain: { schedule: "0 3 31 2 *", workflow: retrain.yml } }\n`,
      'lifetime.retrain.schedule is "0 3 31 2 *", which names no time',
    ],
    [
      'a justification without a reason',
      `${smallestManifest}columns: { race: { input: justified } }\n`,
      'columns.race.why is missing',
    ],
    [
      'a step of two kinds',
      `${smallestManifest}rollout: { steps: [{ weight: 5, shadow: 1m }] }\n`,
      'rollout.steps[0] is a mapping with weight, shadow; expected exactly one of weight, shadow, pause',
    ],
    [
      'a baseline of no kind',
      `${smallestManifest}baseline: champion\n`,
      'baseline is "champion" (text); expected production, simple, or { version: 1.0.0 }',
    ],
    [
      'an input without a column',
      `${smallestManifest}inputs: [{ name: x }]\n`,
      'expected exactly one of column, columns',
    ],
    ['infinity', `${smallestManifest}drift: { alpha: .inf }\n`, 'drift.alpha is .inf'],
  ];
  test.each(cases)('%s is refused with its place', (_, source, expected) => {
    const found = problems(source);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).toContain(expected);
  });

  test('bytes that are not UTF-8 are told with their place', () => {
    const bytes = Buffer.concat([Buffer.from(`${smallestManifest}description: caf`), Buffer.from([0xe9, 0x0a])]);
    expect(problems(textOfBytes(bytes))).toEqual([
      `${path}:9:17 the file holds the character U+FFFD; expected text in UTF-8`,
    ]);
  });

  test('aliases that unfold into too much are refused before they are unfolded', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) =>
        `l${level}: &l${level} [${Array(10)
          .fill(level === 0 ? 'x' : `*l${level - 1}`)
          .join(', ')}]`,
    );
    expect(problems(`${levels.join('\n')}\n`)[0]).toContain('expected at most 20000 values');
  });
});

describe('whatever a file holds', () => {
  /** Problems that say nothing, or stand nowhere in the file. */
  const misplaced = (source: string) => {
    const parsed = parseManifest(source, path);
    if (parsed.kind === 'parsed') return [];
    const lines = source.split('\n').length;
    const isPlaced = ({ line = 0, column = 0 }: Place) => line >= 1 && line <= lines && column >= 1;
    const wrong = parsed.problems.filter(({ at, reason }) => reason === '' || !isPlaced(at));
    return parsed.problems.length === 0 ? ['refused without a problem'] : wrong;
  };

  test('text of any kind is parsed or refused with places, never a throw', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.json()), (text) => {
        expect(misplaced(text)).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('a manifest with any piece cut out, doubled or replaced, as well', () => {
    const cut = fc.record({
      from: fc.nat(fullManifest.length),
      length: fc.nat(40),
      by: fc.oneof(
        fc.string({ maxLength: 5 }),
        fc.constantFrom('\t', '- ', ': ', '{', '*a', '&a ', '!!x ', '---\n', '1.0', 'null'),
      ),
    });
    fc.assert(
      fc.property(cut, ({ from, length, by }) => {
        expect(misplaced(fullManifest.slice(0, from) + by + fullManifest.slice(from + length))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('any value in the place of any other', () => {
    const document: unknown = JSON.parse(JSON.stringify(parseYaml(fullManifest)));
    const keys = Object.keys(document as object);
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.jsonValue(), (key, value) => {
        expect(misplaced(JSON.stringify({ ...(document as object), [key]: value }, null, 1))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the revision', () => {
  const revision = (change: (source: string) => string) => loaded(change(fullManifest)).revision;
  const same = revision((source) => source);
  const unchanged: readonly (readonly [string, string, string])[] = [
    ['the description', 'Does this person earn', 'Will this person earn'],
    ['the owners', '@acme/credit-ml', '@acme/other'],
    ['a margin', 'margin: 0.005', 'margin: 0.004'],
    ['a cohort', 'cohorts: [sex, race,', 'cohorts: [sex,'],
    ['the evaluation data', 'evaluation.parquet', 'other.parquet'],
    ['a protected flag', 'values: [Male, Female], protected: true', 'values: [Male, Female]'],
    ['the share of missing values', 'missing: 0.05', 'missing: 0.5'],
    ['the rollout', 'minimum: 200', 'minimum: 300'],
    ['the version', 'version: 2.0.0', 'version: 2.0.1'],
  ];
  test.each(unchanged)('%s does not decide an answer', (_, before, after) => {
    expect(fullManifest).toContain(before);
    expect(revision((source) => source.replace(before, after))).toBe(same);
  });

  const changed: readonly (readonly [string, string, string])[] = [
    ['the threshold', 'threshold: 0.5', 'threshold: 0.4'],
    ['a type', 'type: number, min: 0', 'type: integer, min: 0'],
    ['a value', '[Private, State-gov]', '[Private]'],
    ['a range', 'max: 120', 'max: 121'],
    ['the artifact', 'uri: model.onnx  ', 'uri: other.onnx  '],
    ['the order of packed columns', '[age, education-num,', '[education-num, age,'],
    ['the batch', 'maxBatch: 64', 'maxBatch: 1'],
    ['the classes', 'classes: [0, 1]', 'classes: [1, 0]'],
  ];
  test.each(changed)('%s decides', (_, before, after) => {
    expect(fullManifest).toContain(before);
    expect(revision((source) => source.replace(before, after))).not.toBe(same);
  });
});

describe.skipIf(!hasDesign())('the design', () => {
  test('holds the very sample that these tests use', () => {
    const design = readFileSync(designFile, 'utf8');
    const strip = (text: string) => text.replaceAll(/#.*|sha256: [0-9a-f…]+|commit: \S+|\s/g, '');
    const blocks = [...design.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block]) => strip(block ?? ''));
    expect(blocks[0]).toBe(strip(smallestManifest));
    expect(blocks[1]).toBe(strip(fullManifest));
  });
});

const designFile = new URL('../../../shared/design/manifest.md', import.meta.url);
function hasDesign(): boolean {
  try {
    readFileSync(new URL('../../../shared/design/manifest.md', import.meta.url));
    return true;
  } catch {
    return false;
  }
}

test.each([
  [
    'test: Modle 3, evidence: https://x.example/1',
    'attest[0].test is "Modle 3" (text); expected a test id',
    'did you mean Model 3?',
  ],
  [
    'test: Infra 8, evidence: https://x.example/1',
    'attest[0].test is "Infra 8" (text); expected a test id',
    'did you mean Infra 1?',
  ],
  ['test: Model 3, evidence: "https://"', 'attest[0].evidence is "https://" (text); expected a link', undefined],
  ['test: Model 3, evidence: wiki/tuning', 'attest[0].evidence is "wiki/tuning" (text); expected a link', undefined],
])('the attestation { %s } is refused: %s', (fields, reason, next) => {
  const yaml = `${smallestManifest}attest: [{ ${fields}, by: "@ana", on: 2026-11-01 }]\n`;
  const parsed = parseManifest(yaml, 'models/income/model.yaml');
  const [problem] = parsed.kind === 'refused' ? parsed.problems : [];
  expect(problem?.reason).toContain(reason);
  expect(problem?.next).toBe(next);
});
