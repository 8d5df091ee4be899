import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../app/cli/slipway.ts';
import type { Finding, Report } from '../report/report.ts';
import { sampleModel } from './sample-model.ts';

/** Models that try: what `slipway check` says of each when a limit is hit. */
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'slipway-limits-'));
  process.env['SLIPWAY_CACHE'] = join(folder, 'cache');
});
afterEach(() => {
  delete process.env['SLIPWAY_CACHE'];
  rmSync(folder, { recursive: true, force: true });
});

/** Takes the mean of as many ones as `size` says for each row: 4 · size bytes a row that nothing but a run asks for. */
const hungry = (size: number): Uint8Array =>
  sampleModel({
    constants: { size: [size, 1] },
    nodes: [
      // The size depends on the rows, so that no optimiser folds it away while loading.
      { type: 'Shape', inputs: ['x'], outputs: ['shape'] },
      { type: 'Mul', inputs: ['shape', 'size'], outputs: ['many'] },
      { type: 'ConstantOfShape', inputs: ['many'], outputs: ['zeros'] },
      { type: 'Exp', inputs: ['zeros'], outputs: ['ones'] },
      { type: 'ReduceMean', inputs: ['ones'], outputs: ['mean'] },
      { type: 'Add', inputs: ['x', 'mean'], outputs: ['y'] },
    ],
  });

const digestOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

async function limited(policy: string, write: (model: string) => void) {
  const models = join(folder, 'models', 'trying');
  mkdirSync(models, { recursive: true });
  write(join(models, 'model.onnx'));
  writeFileSync(
    join(models, 'rows.csv'),
    `x,label\n${Array.from({ length: 40 }, (_, row) => `${row},${row % 7}`).join('\n')}\n`,
  );
  const manifest = join(models, 'model.yaml');
  writeFileSync(
    manifest,
    `apiVersion: slipway/v1
kind: Model
name: trying
version: 1.0.0
artifact: { uri: model.onnx, sha256: ${digestOf(join(models, 'model.onnx'))} }
outputs: { task: regression }
evaluation: { data: { uri: rows.csv, sha256: ${digestOf(join(models, 'rows.csv'))} }, label: label }
`,
  );
  const file = join(folder, 'policy.yml');
  writeFileSync(file, policy);
  const result = join(folder, 'result.json');
  const status = await main([
    'check',
    manifest,
    '--policy',
    file,
    '--json',
    result,
    '--quiet',
    '--only',
    'artifact,golden',
  ]);
  const report = JSON.parse(readFileSync(result, 'utf8')) as Report;
  const findings = report.checks.flatMap((check): readonly Finding[] => check.findings);
  return { status, findings };
}

describe('a model', () => {
  it('that allocates more memory than the policy allows is ended, and told what it used and which field allows more', async () => {
    const { status, findings } = await limited('limits: { memoryMb: 400 }\n', (model) =>
      writeFileSync(model, hungry(4_000_000)),
    );
    const finding = findings.find(({ id }) => id === 'artifact/limit/memory');
    expect(status).toBe(1);
    expect(finding).toMatchObject({
      verdict: 'fail',
      severity: 'blocking',
      reason: expect.stringMatching(
        /while .*it used [\d,]+ MB of memory, and the policy allows 400 MB \(limits\.memoryMb\)/,
      ),
      measured: { kind: 'memory', allowed: 400, unit: 'megabytes', field: 'limits.memoryMb' },
      next: expect.stringContaining('raise limits.memoryMb'),
    });
    expect(Number(finding?.measured['used'])).toBeGreaterThan(400);
    // One cause, told once: nobody else fails for it.
    expect(findings.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id)).toEqual(['artifact/limit/memory']);
  });

  it('that fits into the same memory is not', async () => {
    const { findings } = await limited('limits: { memoryMb: 400 }\n', (model) => writeFileSync(model, hungry(10)));
    expect(findings.filter(({ id }) => id.startsWith('artifact/limit') || id === 'artifact/run')).toMatchObject([
      { id: 'artifact/run', verdict: 'pass' },
    ]);
  });

  it('that never comes to an end within the time that the policy allows is ended, and told where', async () => {
    const slow = join(import.meta.dirname, '../../fixtures/awkward-models/slow_loop.onnx');
    const { status, findings } = await limited('limits: { checkMinutes: 0.04 }\n', (model) =>
      copyFileSync(slow, model),
    );
    const finding = findings.find(({ id }) => id === 'artifact/limit/time');
    expect(status).toBe(1);
    expect(finding).toMatchObject({
      verdict: 'fail',
      reason: expect.stringMatching(
        /^it was ended while .*: it took [\d.]+ s, and the policy allows 2\.4 s \(limits\.checkMinutes\)$/,
      ),
      measured: { kind: 'time', unit: 'seconds', field: 'limits.checkMinutes' },
      next: expect.stringContaining('raise limits.checkMinutes'),
    });
    expect(findings.find(({ id }) => id === 'artifact/control-flow')?.reason).toContain('Loop');
  });

  it.each(['../../../../etc/hostname', '/etc/hostname'])(
    'that wants its weights from %s is refused before the runtime opens it',
    async (location) => {
      const { findings } = await limited('', (model) => {
        const bytes = sampleModel({
          constants: { size: [1] },
          nodes: [{ type: 'Identity', inputs: ['x'], outputs: ['y'] }],
        });
        writeFileSync(model, withExternal(bytes, location));
      });
      const finding = findings.find(({ id }) => id === 'artifact/external-data');
      expect(finding).toMatchObject({ verdict: 'fail', reason: expect.stringContaining(location) });
      expect(findings.some(({ id, verdict }) => id === 'artifact/load' && verdict === 'pass')).toBe(false);
    },
  );
});

/** Another graph field that only adds an initializer whose bytes lie elsewhere: protobuf merges messages that come twice. */
function withExternal(model: Uint8Array, location: string): Uint8Array {
  const field = (number: number, content: readonly number[]) => [number * 8 + 2, content.length, ...content];
  const text = (number: number, value: string) => field(number, [...Buffer.from(value)]);
  const tensor = [
    8,
    1,
    16,
    1,
    ...text(8, 'outside'),
    ...field(13, [...text(1, 'location'), ...text(2, location)]),
    14 * 8,
    1,
  ];
  return Uint8Array.from([...model, ...field(7, field(5, tensor))]);
}
