import { describe, expect, test } from 'vitest';
import type { Finding } from '../report/report.ts';
import { manifestFindings, type ManifestQuestion } from './manifest-findings.ts';
import { fullManifest, smallestManifest } from './manifest-samples.ts';
import { parseManifest } from './parse-manifest.ts';
import { defaultPolicy } from './parse-policy.ts';

const path = 'models/income/model.yaml';
const files = [path, 'models/income/model.onnx', 'models/income/evaluation.parquet', 'models/income/goldens.jsonl'];

function question(source: string, more: Partial<ManifestQuestion> = {}): ManifestQuestion {
  return {
    proposal: parseManifest(source, path),
    policy: defaultPolicy,
    files,
    bindings: [],
    names: [{ path, name: 'income' }],
    inputColumns: ['age'],
    dataColumns: ['age', 'income'],
    ...more,
  };
}

function findings(source: string, more: Partial<ManifestQuestion> = {}): readonly Finding[] {
  return manifestFindings(question(source, more));
}

function bad(source: string, more: Partial<ManifestQuestion> = {}): readonly string[] {
  return findings(source, more)
    .filter(({ verdict }) => verdict !== 'pass')
    .map(({ id, verdict, severity }) => `${id} ${verdict}${severity === 'advisory' ? ' (advisory)' : ''}`);
}

const small = (more: string) => `${smallestManifest}${more}`;

test('the smallest manifest passes every rule, and each says with which numbers', () => {
  const found = findings(smallestManifest);
  expect(bad(smallestManifest)).toEqual([]);
  expect(found[0]).toMatchObject({ id: 'manifest/schema', measured: { values: 9, defaults: 25 } });
  expect(new Set(found.map(({ id }) => id)).size).toBe(found.length);
  const silent = found.filter(({ reason, measured }) => reason === '' || Object.keys(measured).length === 0);
  expect(silent).toEqual([]);
});

test('a manifest that cannot be read has its problems as findings, each with its place', () => {
  const [finding] = findings(small('baseline: champion\n'));
  expect(finding).toMatchObject({
    id: 'manifest/schema/baseline',
    verdict: 'fail',
    severity: 'blocking',
    at: { file: path, line: 9, column: 11 },
  });
});

describe('each rule that no schema can say', () => {
  const https = (uri: string) => smallestManifest.replace('evaluation.parquet', uri);
  const cases: readonly (readonly [string, string, Partial<ManifestQuestion>, readonly string[]])[] = [
    ['a folder of another name', smallestManifest.replace('name: income', 'name: wages'), {}, ['manifest/folder fail']],
    [
      'a name that is taken',
      smallestManifest,
      {
        names: [
          { path, name: 'income' },
          { path: 'models/old/model.yaml', name: 'income' },
        ],
      },
      ['manifest/name fail'],
    ],
    ['a protected input', small('columns: { age: { protected: true } }\n'), {}, ['manifest/protected-input/age fail']],
    [
      'a justified protected input',
      small('columns: { age: { protected: true, input: justified, why: the law asks for it } }\n'),
      {},
      ['manifest/protected-input/age fail (advisory)'],
    ],
    [
      'a justified protected input where the policy allows none',
      small('columns: { age: { protected: true, input: justified, why: the law asks for it } }\n'),
      { policy: { ...defaultPolicy, checks: { ...defaultPolicy.checks, protectedInputs: 'never' } } },
      ['manifest/protected-input/age fail'],
    ],
    ['a protected column that is no input', small('columns: { sex: { protected: true } }\n'), {}, []],
    [
      'a pii input, whatever is said for it',
      small('columns: { age: { pii: true, input: justified, why: "no" } }\n'),
      {},
      ['manifest/pii-input/age fail'],
    ],
    [
      'a protected input that is packed with others',
      small('columns: { sex: { protected: true } }\ninputs: [{ name: x, columns: [age, sex] }]\n'),
      { dataColumns: ['age', 'sex', 'income'] },
      ['manifest/protected-input/sex fail'],
    ],
    ['a label that is an input', smallestManifest, { inputColumns: ['age', 'income'] }, ['manifest/label-input fail']],
    [
      'an input column that is not in the data',
      smallestManifest,
      { inputColumns: ['age', 'height'] },
      ['manifest/input-column/height fail'],
    ],
    [
      'a label that is not in the data',
      smallestManifest,
      { dataColumns: ['age'] },
      ['manifest/data-column/income fail'],
    ],
    [
      'steps whose weights fall',
      small('rollout: { steps: [{ weight: 10 }, { pause: true }, { weight: 5 }] }\n'),
      {},
      ['manifest/weights fail'],
    ],
    ['steps of one weight', small('rollout: { steps: [{ weight: 5 }, { weight: 5 }] }\n'), {}, []],
    ['data that are not there', smallestManifest, { files: [path] }, ['manifest/reference/evaluation.data.uri fail']],
    ['data beside the folder', https('../../data/evaluation.parquet'), { files: ['data/evaluation.parquet'] }, []],
    [
      'a path that leaves the repository',
      https('../../../evaluation.parquet'),
      {},
      ['manifest/path/evaluation.data.uri fail'],
    ],
    ['an absolute path', https('/etc/passwd'), {}, ['manifest/path/evaluation.data.uri fail']],
    ['an absolute path of Windows', https("'C:\\data.csv'"), {}, ['manifest/path/evaluation.data.uri fail']],
    ['a path with backslashes', https("'..\\..\\..\\data.csv'"), {}, ['manifest/path/evaluation.data.uri fail']],
    [
      'a path that hides its dots',
      https("'%2e%2e/%2E%2e/%2e%2e/data.csv'"),
      {},
      ['manifest/path/evaluation.data.uri fail'],
    ],
    ['a path that hides its separators', https('..%2f..%2fdata.csv'), {}, ['manifest/path/evaluation.data.uri fail']],
    ['a path into .git', https('../../.git/config'), {}, ['manifest/path/evaluation.data.uri fail']],
    ['a file: address', https('file:///etc/passwd'), {}, ['manifest/path/evaluation.data.uri fail']],
    ['plain http', https('http://models.acme.example/x.csv'), {}, ['manifest/path/evaluation.data.uri fail']],
    [
      'an address with credentials',
      https('https://user:secret@models.acme.example/x.csv'),
      {},
      ['manifest/path/evaluation.data.uri fail'],
    ],
    [
      'a host that the policy does not list',
      https('https://evil.example/x.csv'),
      {},
      ['manifest/host/evaluation.data.uri fail'],
    ],
    [
      'a host that the policy lists',
      https('https://Models.acme.example/x.csv'),
      { policy: { ...defaultPolicy, artifactHosts: ['models.acme.example'] } },
      [],
    ],
    [
      'another port of a listed host',
      https('https://models.acme.example:8443/x.csv'),
      { policy: { ...defaultPolicy, artifactHosts: ['models.acme.example'] } },
      ['manifest/host/evaluation.data.uri fail'],
    ],
    [
      'a private address, even when it is listed',
      https('https://169.254.169.254/x.csv'),
      { policy: { ...defaultPolicy, artifactHosts: ['169.254.169.254'] } },
      ['manifest/host/evaluation.data.uri fail'],
    ],
    [
      'a private address in decimal',
      https('https://2130706433/x.csv'),
      { policy: { ...defaultPolicy, artifactHosts: ['127.0.0.1'] } },
      ['manifest/host/evaluation.data.uri fail'],
    ],
    [
      'localhost, even when it is listed',
      https('https://localhost/x.csv'),
      { policy: { ...defaultPolicy, artifactHosts: ['localhost'] } },
      ['manifest/host/evaluation.data.uri fail'],
    ],
    [
      'a bucket that is listed',
      https('s3://lake/x.csv'),
      { policy: { ...defaultPolicy, artifactHosts: ['lake'] } },
      [],
    ],
    ['a bucket that is not listed', https('s3://lake/x.csv'), {}, ['manifest/host/evaluation.data.uri fail']],
    ['a release', https('release://acme/models/v1.0/x.csv'), {}, []],
    [
      'training data on any host: they are recorded, never fetched',
      small(`reproducibility: { training: { data: [{ uri: s3://lake/x, sha256: ${'a'.repeat(64)} }] } }\n`),
      {},
      [],
    ],
  ];
  test.each(cases)('%s', (_, source, more, expected) => {
    expect(bad(source, more)).toEqual(expected);
  });

  test('what depends on a graph or on data that could not be read is inconclusive, never a pass', () => {
    const {
      inputColumns: _i,
      dataColumns: _d,
      ...unknown
    } = question(small('columns: { sex: { protected: true } }\n'));
    expect(
      manifestFindings(unknown)
        .filter(({ verdict }) => verdict === 'inconclusive')
        .map(({ id }) => id),
    ).toEqual(['manifest/input-column', 'manifest/label-input', 'manifest/protected-input']);
  });
});

describe('a version is bound to one revision for ever', () => {
  const parsed = parseManifest(smallestManifest, path);
  const revision = parsed.kind === 'parsed' ? parsed.loaded.revision : '';
  const bound = (version: string, to: string, commit: string) => ({ model: 'income', version, revision: to, commit });

  test.each([
    ['a new version', [bound('1.0.0', 'sha256:other', 'c1')], []],
    ['the same revision again', [bound('2.0.0', revision, 'c1')], []],
    ['another revision', [bound('2.0.0', 'sha256:other', 'c1')], ['manifest/version-rebound fail']],
    [
      'the first binding counts',
      [bound('2.0.0', revision, 'c2'), bound('2.0.0', 'sha256:other', 'c1')],
      ['manifest/version-rebound fail'],
    ],
    ["another model's version", [{ ...bound('2.0.0', 'sha256:other', 'c1'), model: 'wages' }], []],
  ])('%s', (_, bindings, expected) => {
    expect(bad(smallestManifest, { bindings })).toEqual(expected);
  });
});

describe('goldens may only be added to', () => {
  const line = (age: number, score: number, tolerance?: number) =>
    JSON.stringify({ record: { age }, expect: { score }, ...(tolerance === undefined ? {} : { tolerance }) });
  const withGoldens = smallestManifest.replace('  label: income\n', '  label: income\n  goldens: goldens.jsonl\n');
  const judged = (base: readonly string[], proposal: readonly string[]) =>
    bad(withGoldens, { goldens: { base: base.join('\n'), proposal: proposal.join('\n') } });

  test.each([
    ['one more', [line(1, 0.5)], [line(2, 0.1), line(1, 0.5)], []],
    ['one less', [line(1, 0.5), line(2, 0.5)], [line(2, 0.5)], ['manifest/loosened/goldens.removed fail']],
    ['a wider tolerance', [line(1, 0.5, 1e-4)], [line(1, 0.5, 1e-2)], ['manifest/loosened/goldens.tolerance fail']],
    [
      'a tolerance wider than the one that was left out',
      [line(1, 0.5)],
      [line(1, 0.5, 1e-2)],
      ['manifest/loosened/goldens.tolerance fail'],
    ],
    ['a narrower tolerance', [line(1, 0.5, 1e-2)], [line(1, 0.5, 1e-4)], []],
    ['another answer', [line(1, 0.5)], [line(1, 0.6, 1e-4)], ['manifest/goldens-changed inconclusive (advisory)']],
  ])('%s', (_, base, proposal, expected) => {
    expect(judged(base, proposal)).toEqual(expected);
  });
});

test('the full sample fails only where its files are not there', () => {
  const inputs = ['age', 'education-num', 'hours-per-week', 'workclass', 'pixels'];
  const columns = [...inputs, 'sex', 'race', 'person_id', 'recorded_at', 'income'];
  expect(bad(fullManifest, { inputColumns: inputs, dataColumns: columns })).toEqual([
    'manifest/reference/drift.reference.uri fail',
  ]);
});
