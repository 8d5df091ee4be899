import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BARE } from './bench-context.ts';
import { benchDocument } from './bench-document.ts';
import { goals, overheadOf } from './bench-goals.ts';
import { type BenchReport, type Row, ratioOf } from './bench-report.ts';
import { peers } from './contender-peer.ts';
import type { Measurement } from './measured.ts';
import { OURS } from './part-small.ts';

const measurement = (perSecond: number, cpuMicrosPerRequest = 20): Measurement => ({
  perSecond,
  p50Ms: 1,
  p99Ms: 1.9,
  failed: 0,
  cpuMicrosPerRequest,
  generatorBusy: 0.3,
});
const row = (contender: string, load: string, ...rounds: readonly Measurement[]): Row => ({ contender, load, rounds });

const LOAD = 'JSON, 64 connections';
const report: BenchReport = {
  machine: { processors: 2, model: 'a processor', memoryGigabytes: 8, system: 'linux' },
  versions: { Node: '24' },
  parts: {
    small: {
      at: '2026-11-21T17:00:00.000Z',
      minutes: 3,
      loadBefore: 0.1,
      secondsEach: 2,
      notes: ['BentoML: not present'],
      rows: [
        row(BARE, 'one row a run', measurement(50_000, 14), measurement(50_000, 15), measurement(50_000, 16)),
        row(OURS.one, LOAD, measurement(20_000, 30), measurement(40_000, 31), measurement(30_000, 40)),
        row(peers.fastapi.name, LOAD, measurement(1000), measurement(1600), measurement(1000)),
        row(peers['fastapi-tuned'].name, LOAD, measurement(5000), measurement(5000), measurement(5000)),
      ],
    },
  },
};

describe('docs/performance.md', () => {
  test('holds what docs/performance.generated.json holds, and no number that was typed', () => {
    const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
    expect(read('performance.md')).toBe(benchDocument(JSON.parse(read('performance.generated.json')) as BenchReport));
  });
});

describe('what a report says', () => {
  const [ours, theirs] = [report.parts['small']?.rows[1], report.parts['small']?.rows[2]];

  test('a ratio is the median of each round’s own, with its spread', () => {
    expect(ratioOf(ours, theirs)).toEqual({ median: 25, least: 20, most: 30 });
  });

  test('a goal is met by its median, missed by its median, and not measured is neither', () => {
    const text = benchDocument(report);
    expect(text).toContain(`| ${goals[0]?.says} | 25.0 (20.0–30.0) × | yes |`);
    expect(text).toContain(`| ${goals[1]?.says} | 6.0 (4.0–8.0) × | **no** |`);
    expect(text).toContain(`| ${goals[3]?.says} | not measured | – |`);
  });

  test('the overhead is processor time less that of a run alone, round by round', () => {
    expect(overheadOf(report, 'small', OURS.one, LOAD)).toEqual({ median: 16, least: 16, most: 24 });
  });

  test('names what was not present', () => {
    expect(benchDocument(report)).toContain('BentoML: not present');
  });

  test('a soak that is too short, climbs or fails has not met its goal', () => {
    const soak: BenchReport['soak'] = {
      at: '2026-11-21T17:00:00.000Z',
      minutes: 20,
      capacityPerSecond: 1000,
      ratePerSecond: 800,
      answered: 960_000,
      failed: 0,
      failures: [],
      lostWithReplica: 0,
      p50Ms: 1,
      p99Ms: 2,
      happenings: [],
      processes: [
        {
          name: 'replica 1',
          startMegabytes: 100,
          peakMegabytes: 120,
          endMegabytes: 110,
          slope: 1,
          interval: [-1, 3],
          climbs: false,
        },
      ],
    };
    const goalOf = (more: Partial<typeof soak>): string =>
      /soak of 20 minutes.*\| ([^|]+) \|\n/.exec(benchDocument({ ...report, soak: { ...soak, ...more } }))?.[1] ?? '';
    expect(goalOf({})).toBe('yes');
    expect(goalOf({ minutes: 5 })).toBe('**no**');
    expect(goalOf({ failed: 1 })).toBe('**no**');
    expect(goalOf({ processes: soak.processes.map((each) => ({ ...each, climbs: true })) })).toBe('**no**');
  });
});
