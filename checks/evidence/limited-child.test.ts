import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isolationHere, runLimited, type Isolation, type Limits } from './limited-child.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'slipway limited-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const roomy: Limits = { timeMs: 60_000, memoryMb: 1024 };
const isolation = isolationHere();

async function run(script: string, limits: Limits = roomy, under: Isolation = isolation, signal?: AbortSignal) {
  const file = join(folder, 'script.mjs');
  writeFileSync(file, script);
  const lines: string[] = [];
  const end = await runLimited(file, [folder], {
    folder,
    isolation: under,
    limits,
    onLine: (line) => lines.push(line),
    ...(signal === undefined ? {} : { signal }),
  });
  return { end, lines };
}

describe('a limited child', () => {
  it('does its work in its folder, tells progress line by line, and sees nothing of its parent’s environment', async () => {
    process.env['SECRET_OF_THE_PARENT'] = 'hidden';
    const script = `import { writeFileSync } from 'node:fs';
      writeFileSync(process.argv[2] + '/made', 'yes');
      console.log('one'); console.log(process.env.SECRET_OF_THE_PARENT ?? 'nothing');`;
    const { end, lines } = await run(script);
    delete process.env['SECRET_OF_THE_PARENT'];
    expect([end, lines, readFileSync(join(folder, 'made'), 'utf8')]).toEqual([
      { kind: 'done' },
      ['one', 'nothing'],
      'yes',
    ]);
  });

  it('is ended when it takes too long, also while it blocks its own event loop', async () => {
    const { end } = await run('for (;;);', { ...roomy, timeMs: 500 });
    expect(end).toEqual({
      kind: 'failed',
      reason: expect.stringContaining('took longer than 1 s'),
      limit: { kind: 'time', used: expect.any(Number), allowed: 0.5 },
    });
  });

  it('is ended when it takes too much memory', async () => {
    const script =
      'const kept = []; for (;;) { kept.push(Buffer.alloc(8e6, 1)); await new Promise((next) => setTimeout(next, 5)); }';
    const { end } = await run(script, { ...roomy, memoryMb: 200 });
    expect(end).toEqual({
      kind: 'failed',
      reason: expect.stringMatching(/used \d+ MB of memory, more than 200 MB/),
      limit: { kind: 'memory', used: expect.any(Number), allowed: 200 },
    });
  });

  it('that aborts is told with the signal that ended it, and one that fails with its last words', async () => {
    expect((await run('process.abort()')).end).toEqual({ kind: 'failed', reason: expect.stringContaining('SIGABRT') });
    expect((await run("throw new Error('no luck')")).end).toEqual({
      kind: 'failed',
      reason: expect.stringContaining('status 1'),
    });
  });

  it('ends with its caller’s signal, which then throws', async () => {
    const stop = new AbortController();
    const running = run("console.log('up'); setInterval(() => {}, 1000);", roomy, isolation, stop.signal);
    setImmediate(() => stop.abort(new Error('stopped by the test')));
    await expect(running).rejects.toThrow('stopped by the test');
  });

  it.skipIf(process.platform !== 'linux').each(['namespace', 'process'] as const)(
    'under %s ends with its parent, also one that is killed at once and cannot say so',
    async (under) => {
      const file = join(folder, 'endless.mjs');
      writeFileSync(file, 'console.log(process.pid); for (;;);');
      const parent = spawn(process.execPath, [
        '--input-type=module',
        '-e',
        `import { runLimited } from ${JSON.stringify(join(import.meta.dirname, 'limited-child.ts'))};
         const folder = ${JSON.stringify(folder)};
         await runLimited(${JSON.stringify(file)}, [], { folder, isolation: '${isolation === 'namespace' ? under : 'process'}', limits: { timeMs: 60000, memoryMb: 1024 }, onLine: (pid) => console.log(pid) });`,
      ]);
      const pid = await new Promise<number>((told) => parent.stdout.once('data', (data: Buffer) => told(Number(data))));
      expect(existsSync(`/proc/${pid}`)).toBe(true);
      const ended = new Promise((resolve) => parent.once('close', resolve));
      parent.kill('SIGKILL');
      await ended;
      await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false);
    },
  );

  it.skipIf(isolation !== 'namespace')(
    'cannot undo what keeps it in: no mount of its own is writable again',
    async () => {
      const outside = mkdtempSync(join(tmpdir(), 'slipway-outside-'));
      const script = `import { spawnSync } from 'node:child_process'; import { writeFileSync } from 'node:fs';
      for (const again of [[], ['unshare', '--user', '--map-root-user', '--mount']]) {
        const [file, ...args] = [...again, 'sh', '-c', 'for at in / /tmp ${outside}; do mount -o remount,bind,rw $at; done; touch ${outside}/x'];
        spawnSync(file, args);
      }
      try { writeFileSync('${outside}/y', 'y'); console.log('wrote'); } catch (error) { console.log(error.code); }`;
      const { lines } = await run(script);
      expect([lines, existsSync(join(outside, 'x')), existsSync(join(outside, 'y'))]).toEqual([
        ['EROFS'],
        false,
        false,
      ]);
      rmSync(outside, { recursive: true });
    },
  );

  it.skipIf(isolation !== 'namespace')('writes nowhere but in its folder', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'slipway-outside-'));
    const script = `import { writeFileSync } from 'node:fs';
      for (const file of ['${outside}/x', '/etc/slipway-x', process.env.HOME + '/fine']) {
        try { writeFileSync(file, 'x'); console.log('wrote'); } catch (error) { console.log(error.code); }
      }`;
    const { lines } = await run(script);
    expect([lines, existsSync(join(outside, 'x'))]).toEqual([['EROFS', 'EROFS', 'wrote'], false]);
    rmSync(outside, { recursive: true });
  });

  it.skipIf(isolation !== 'namespace')('has no network, not even this machine’s own', async () => {
    const server = createServer();
    await new Promise<void>((listening) => {
      server.listen(0, '127.0.0.1', listening);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const script = `import { connect } from 'node:net';
      connect(${port}, '127.0.0.1').on('connect', () => { console.log('connected'); process.exit(); }).on('error', (error) => console.log(error.code));`;
    const [inside, outside] = [await run(script), await run(script, roomy, 'process')];
    server.close();
    // The same script does connect without the namespace: it is the namespace that keeps it in.
    expect([inside.lines, outside.lines]).toEqual([[expect.stringMatching(/ENETUNREACH|ECONNREFUSED/)], ['connected']]);
  });
});
