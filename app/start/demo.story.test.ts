import { spawn } from 'node:child_process';
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

async function run(args: readonly string[]): Promise<{ readonly status: number | null; readonly output: string }> {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => chunks.push(text));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, output: chunks.join('') };
}
