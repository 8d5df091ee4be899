import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Report } from './checks/report/report.ts';

/** The worked example of CONTRIBUTING.md: its blocks are written where they say, into a copy of the repository, and run. */
const root = import.meta.dirname;
const LIMIT_MS = 120_000;

let copy = '';
beforeAll(() => {
  copy = mkdtempSync(join(realpathSync(tmpdir()), 'slipway-contributing-'));
  for (const folder of ['app', 'checks', 'serving', 'fixtures/loans'])
    cpSync(join(root, folder), join(copy, folder), { recursive: true });
  for (const file of ['package.json', 'tsconfig.json', 'vitest.config.ts']) cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const { file, kind, text } of blocks())
    writeFileSync(join(copy, file), kind === 'diff' ? patched(readFileSync(join(copy, file), 'utf8'), text) : text);
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

interface Block {
  readonly kind: string;
  readonly file: string;
  readonly text: string;
}

/** Fenced blocks that name a file behind their language. */
function blocks(): readonly Block[] {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
  return [...text.matchAll(/^```(\w+) (\S+)\n([\s\S]*?)^```$/gm)].map(([, kind = '', file = '', body = '']) => ({
    kind,
    file,
    text: body,
  }));
}

/** Added lines stand behind the line of the block that is there already; those before any, at the file's head. */
function patched(source: string, diff: string): string {
  let lines = source.split('\n');
  let behind = -1;
  for (const line of diff.trimEnd().split('\n')) {
    if (line.startsWith('+')) {
      behind += 1;
      lines = [...lines.slice(0, behind), line.slice(1), ...lines.slice(behind)];
      continue;
    }
    behind = lines.findIndex((known) => known.trim() === line.trim());
    if (behind === -1) throw new Error(`checks/index.ts holds no line "${line.trim()}", which CONTRIBUTING.md shows`);
  }
  return lines.join('\n');
}

function run(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', ...args], {
    cwd: copy,
    encoding: 'utf8',
    timeout: LIMIT_MS,
    env: { ...process.env, SLIPWAY_CACHE: join(copy, 'cache'), NO_COLOR: '1' },
  });
  return { status, text: stdout + stderr };
}

describe('the check that CONTRIBUTING.md adds', () => {
  it('costs one file, one test and one line in one list, with its import', () => {
    expect(blocks().map(({ kind, file }) => `${kind} ${file}`)).toEqual([
      'ts checks/spread.ts',
      'ts checks/spread.test.ts',
      'diff checks/index.ts',
    ]);
    const [, , index] = blocks();
    expect(index?.text.split('\n').filter((line) => line.startsWith('+'))).toHaveLength(2);
  });

  it('passes its own test', () => {
    const { status, text } = run('node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'checks/spread.test.ts');
    expect([status, text]).toEqual([0, expect.stringContaining('2 passed')]);
  });

  it('follows the types', () => {
    writeFileSync(
      join(copy, 'tsconfig.example.json'),
      JSON.stringify({ extends: './tsconfig.json', files: ['checks/index.ts', 'checks/spread.test.ts'], include: [] }),
    );
    const { status, text } = run('node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.example.json');
    expect([status, text]).toEqual([0, '']);
  });

  it('is judged by slipway check on a real model, and its finding is in the report', () => {
    const models = join(copy, 'models', 'loans');
    mkdirSync(models, { recursive: true });
    const digestOf = (file: string): string =>
      createHash('sha256')
        .update(readFileSync(join(models, file)))
        .digest('hex');
    cpSync(join(copy, 'fixtures/loans/models/v2_better.onnx'), join(models, 'model.onnx'));
    cpSync(join(copy, 'fixtures/loans/data/evaluation.csv'), join(models, 'rows.csv'));
    writeFileSync(
      join(models, 'model.yaml'),
      `apiVersion: slipway/v1
kind: Model
name: loans
version: 1.0.0
artifact: { uri: model.onnx, sha256: ${digestOf('model.onnx')} }
evaluation: { data: { uri: rows.csv, sha256: ${digestOf('rows.csv')} }, label: defaulted }
`,
    );
    const { text } = run('app/cli/slipway.mjs', 'check', 'models/loans', '--only', 'spread', '--json', 'result.json');
    const report = JSON.parse(readFileSync(join(copy, 'result.json'), 'utf8')) as Report;
    expect([text, report.checks.map(({ name }) => name)]).toEqual([expect.stringContaining('spread'), ['spread']]);
    expect(report.checks[0]?.findings).toMatchObject([
      { id: 'spread/scores', verdict: 'pass', measured: { rows: 2_000, limit: 0.99 } },
    ]);
  });
});
