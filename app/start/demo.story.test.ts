import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

test('npm start -- --demo tells the whole story on free ports, ends with status 0 and leaves no process behind', async () => {
  const { status, output } = await run(['app/start/start.ts', '--demo', '--port', '0']);
  expect(output).toContain('The story ended as told');
  expect(output).toContain('0 violations');
  expect(output).toMatch(/predictions +\d+, 0 failed/);
  expect(output.trimEnd().endsWith('Everything has stopped.')).toBe(true);
  expect(status).toBe(0);
});

test('npm start refuses an option it does not know and a port that is none with status 64', async () => {
  expect(await run(['app/start/start.ts', '--demon'])).toMatchObject({
    status: 64,
    output: expect.stringContaining('--demon'),
  });
  expect(await run(['app/start/start.ts', '--port', 'eighty'])).toMatchObject({
    status: 64,
    output: expect.stringContaining('expected a whole number'),
  });
});

test.skipIf(process.platform !== 'linux')(
  'Ctrl-C at any time stops everything and leaves nothing running',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'slipway-interrupt-'));
    try {
      const child = spawn(process.execPath, ['app/start/start.ts', '--port', '0', '--data', folder], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const output: string[] = [];
      const isRunning = new Promise<void>((resolve) => {
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          output.push(text);
          if (output.join('').includes('in production, adopted')) resolve();
        });
      });
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      await Promise.race([isRunning, ended]);
      expect(processesNaming(folder).length).toBeGreaterThanOrEqual(3);
      child.kill('SIGINT');
      expect(await ended).toBe(0);
      expect(output.join('')).toContain('Everything has stopped.');
      expect(processesNaming(folder)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

/** Command lines of processes that name the folder in their arguments or their environment. */
function processesNaming(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
        return command.includes(folder) || environment.includes(folder) ? [command.replaceAll('\0', ' ')] : [];
      } catch {
        return []; // It ended while we looked, or is somebody else's.
      }
    });
}

async function run(args: readonly string[]): Promise<{ readonly status: number | null; readonly output: string }> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, output: chunks.join('') };
}
