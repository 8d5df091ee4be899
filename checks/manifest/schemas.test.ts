import { readFile } from 'node:fs/promises';
import { expect, expectTypeOf, test } from 'vitest';
import type { CheckConclusion, Finding, Report } from '../report/report.ts';
import { generatedFiles } from './generate-types.ts';
import { schemaProblemsOf } from './schema-problems.ts';
import { type Schema, isMapping, recordOf, schemas } from './schemas.ts';

test('what is generated from the schemas is what is committed', async () => {
  for (const [file, text] of await generatedFiles()) expect(await readFile(file, 'utf8')).toBe(text);
});

test('the schemas share no names of definitions, so that a reference tells whose it is', () => {
  const names = Object.values(schemas).flatMap(({ $defs }) => Object.keys($defs));
  expect(new Set(names).size).toBe(names.length);
});

test('every property of the public formats says what it is for', () => {
  const silent: string[] = [];
  const visit = (schema: Schema, where: string) => {
    for (const [name, property] of Object.entries(recordOf(schema['properties']))) {
      const child = recordOf(property);
      const described = typeof child['description'] === 'string' || typeof child['$ref'] === 'string';
      if (!described) silent.push(`${where}.${name}`);
      visit(child, `${where}.${name}`);
    }
    for (const key of ['items', 'additionalProperties']) if (isMapping(schema[key])) visit(schema[key], where);
  };
  for (const [name, schema] of Object.entries(schemas)) {
    visit(schema, name);
    for (const [definition, child] of Object.entries(schema.$defs)) visit(recordOf(child), `${name}#${definition}`);
  }
  expect(silent).toEqual([]);
});

const finding: Finding = {
  id: 'baseline/log_loss',
  verdict: 'fail',
  severity: 'blocking',
  reason: 'log_loss 0.351 against 0.320',
  measured: { metric: 'log_loss', interval: [0.022, 0.04], n: 9768 },
  at: { file: 'models/income/model.yaml', line: 21, column: 7 },
};
const report: Report = {
  model: 'income',
  version: '2.0.0',
  revision: `sha256:${'a'.repeat(64)}`,
  digest: `sha256:${'b'.repeat(64)}`,
  baseline: { kind: 'production', version: '1.0.0' },
  conclusion: 'failure',
  checks: [
    { name: 'baseline', conclusion: 'failure', title: 'worse', durationMs: 412, required: true, findings: [finding] },
  ],
  defaults: { '/drift/alpha': 0.01 },
  environment: { slipway: '1', node: '24', onnxruntime: '1', cpu: 'x', isolation: 'process' },
};

test("the report's schema takes a report, and refuses one whose words are not the contract's", () => {
  expect(schemaProblemsOf('report', report)).toEqual([]);
  const neutral = { ...report, checks: report.checks.map((check) => ({ ...check, conclusion: 'neutral' })) };
  expect(schemaProblemsOf('report', neutral)).toEqual([
    'checks[0].conclusion is "neutral" (text); expected one of success, failure, action_required, skipped',
  ]);
  const { environment: _, ...without } = report;
  expect(schemaProblemsOf('report', without)[0]).toContain('environment is missing');
  expectTypeOf<CheckConclusion>().toEqualTypeOf<'success' | 'failure' | 'action_required' | 'skipped'>();
});
