import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = import.meta.dirname;

/** Every TypeScript source of the product, relative to the root. */
const sources = ['app', 'checks', 'serving', 'fixtures']
  .flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((file) => `${room}/${file}`),
  )
  .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const importPattern =
  /^\s*(?:import|export)\s+(type\s)?[^'"]*?\bfrom\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm;

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(importPattern)].map((match) => {
    const target = match[2] ?? match[3] ?? '';
    const to = target.startsWith('.') ? relative(root, resolve(root, dirname(file), target)) : target;
    return { from: file, to, typeOnly: match[1] !== undefined };
  });
}

const isTest = (file: string): boolean => file.endsWith('.test.ts');
const imports = sources.filter((file) => !isTest(file)).flatMap(importsOf);
const inRoom = (path: string, ...rooms: readonly string[]): boolean =>
  rooms.some((room) => path === room || path.startsWith(`${room}/`));
const told = (found: readonly Import[]): readonly string[] => found.map(({ from, to }) => `${from} imports ${to}`);

describe('the layers app → checks → serving/model and app → serving', () => {
  test('checks imports nothing of app, and of serving only serving/model', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        inRoom(from, 'checks') &&
        (inRoom(to, 'app', 'fixtures') || (inRoom(to, 'serving') && !inRoom(to, 'serving/model'))),
    );
    expect(told(wrong)).toEqual([]);
  });

  test('serving imports nothing of app, and of checks only the manifest, stats and explain rooms', () => {
    const allowed = ['checks/manifest', 'checks/stats', 'checks/explain'];
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        inRoom(from, 'serving') &&
        (inRoom(to, 'app', 'fixtures') || (inRoom(to, 'checks') && !inRoom(to, ...allowed) && !typeOnly)),
    );
    expect(told(wrong)).toEqual([]);
  });

  test('the three pure rooms of checks import, besides themselves, only serving/model and types', () => {
    const rooms = ['checks/manifest', 'checks/stats', 'checks/explain'];
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        inRoom(from, ...rooms) &&
        inRoom(to, 'app', 'checks', 'serving', 'fixtures') &&
        !inRoom(to, ...rooms, 'serving/model') &&
        !typeOnly,
    );
    expect(told(wrong)).toEqual([]);
  });

  test('serving/model imports nothing above it', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        inRoom(from, 'serving/model') &&
        inRoom(to, 'app', 'checks', 'serving', 'fixtures') &&
        !inRoom(to, 'serving/model'),
    );
    expect(told(wrong)).toEqual([]);
  });

  test('serving/http2 knows nothing of what is asked over it', () => {
    const wrong = imports.filter(
      ({ from, to }) =>
        inRoom(from, 'serving/http2') &&
        inRoom(to, 'app', 'checks', 'serving', 'fixtures') &&
        !inRoom(to, 'serving/http2'),
    );
    expect(told(wrong)).toEqual([]);
  });

  test('only serving/model/session.ts imports onnxruntime-node', () => {
    const wrong = imports.filter(({ from, to }) => to.startsWith('onnxruntime') && from !== 'serving/model/session.ts');
    expect(told(wrong)).toEqual([]);
  });

  test('only serving/messaging and the benchmark know NATS, and what it takes of the replica is what answers a request there', () => {
    const outside = imports.filter(
      ({ from, to }) => to.startsWith('@nats-io/') && !inRoom(from, 'serving/messaging', 'serving/bench'),
    );
    const inside = imports.filter(
      ({ from, to, typeOnly }) =>
        inRoom(from, 'serving/messaging') &&
        inRoom(to, 'serving/daemon', 'serving/lake') &&
        !typeOnly &&
        !from.endsWith('.fixture.ts'),
    );
    expect(told([...outside, ...inside])).toEqual([]);
  });

  test('how much of the machine a fleet takes is decided without processes, doors and the disk', () => {
    const decided = ['serving/daemon/tables.ts', 'serving/daemon/turn.ts'];
    const wrong = imports.filter(
      ({ from, to, typeOnly }) =>
        inRoom(from, 'serving/daemon/capacity') &&
        inRoom(to, 'serving/daemon') &&
        !inRoom(to, 'serving/daemon/capacity', ...decided) &&
        !typeOnly &&
        !from.endsWith('.fixture.ts'),
    );
    expect(told(wrong)).toEqual([]);
  });

  test('only app and the GitHub stand-in know GitHub', () => {
    const github = /^(@octokit\/|probot$|nock$)/;
    const wrong = imports.filter(({ from, to }) => github.test(to) && !inRoom(from, 'app', 'fixtures'));
    expect(told(wrong)).toEqual([]);
  });

  test('only config files read the environment', () => {
    const allowed = /(^|\/)config\.ts$|^serving\/model\/session\.ts$/;
    const wrong = sources.filter(
      (file) =>
        !isTest(file) &&
        !allowed.test(file) &&
        !inRoom(file, 'fixtures') &&
        /\bprocess\.env\b/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  test('no file has a name that says nothing', () => {
    const wrong = sources.filter((file) =>
      /(^|\/)(src|lib|utils|helpers|common)\/|(^|\/)(utils|helpers|common|types)\.ts$/.test(file),
    );
    expect(wrong).toEqual([]);
    const lists = sources.filter((file) => file.endsWith('/index.ts'));
    expect(
      lists.filter((file) => !['checks/index.ts', 'app/commands/index.ts', 'serving/drivers/index.ts'].includes(file)),
    ).toEqual([]);
  });
});
