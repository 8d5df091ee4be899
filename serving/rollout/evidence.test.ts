import { describe, expect, it } from 'vitest';
import type { ArmStats, ModelStats } from '../fleet.ts';
import { accumulated, evidenceFrom, nothingCounted } from './evidence.ts';

const revision = 'sha256:1';

function statsOf(
  requests: number,
  errors: number,
  processes: readonly string[],
  rows: readonly number[] = [1],
): ModelStats {
  const histogram = { bounds: [1, 2], counts: [requests, 0, 0], sum: 0, count: requests };
  const arm: ArmStats = {
    revision,
    processes,
    requests,
    errors,
    unservable: 0,
    latencyMs: histogram,
    computeMs: histogram,
    computeByRows: rows.map((size) => ({ rows: size, histogram })),
    score: { count: requests, sum: requests, sumOfSquares: requests },
  };
  return { model: 'income', generation: 1, arms: [arm] };
}

/** What is counted after readings, the first of which is where counting begins. */
function counted(first: ModelStats | undefined, ...readings: readonly (ModelStats | undefined)[]) {
  return readings.reduce((evidence, reading) => accumulated(evidence, reading, revision), evidenceFrom(first, revision))
    .counted;
}

describe('the evidence of an arm', () => {
  it('begins at nothing, whatever the counters hold from before', () => {
    expect(counted(statsOf(5000, 40, ['a']), statsOf(5000, 40, ['a']))).toMatchObject({ requests: 0, errors: 0 });
  });

  it.each([
    [
      'counters of the same process rise',
      [statsOf(100, 1, ['a']), statsOf(150, 2, ['a'])],
      { requests: 150, errors: 2 },
    ],
    ['a process comes to others', [statsOf(100, 1, ['a']), statsOf(180, 1, ['a', 'b'])], { requests: 180, errors: 1 }],
    ['all processes are others', [statsOf(100, 1, ['a']), statsOf(30, 0, ['b'])], { requests: 130, errors: 1 }],
    [
      'others have counted more already',
      [statsOf(100, 1, ['a']), statsOf(300, 3, ['b'])],
      { requests: 400, errors: 4 },
    ],
    [
      'a counter fell though its process stayed',
      [statsOf(100, 1, ['a']), statsOf(20, 0, ['a'])],
      { requests: 120, errors: 1 },
    ],
    [
      'a reading lacks the arm',
      [statsOf(100, 1, ['a']), undefined, statsOf(110, 1, ['a'])],
      { requests: 110, errors: 1 },
    ],
    ['the same reading comes twice', [statsOf(100, 1, ['a']), statsOf(100, 1, ['a'])], { requests: 100, errors: 1 }],
  ])('counts right when %s', (_, readings, expected) => {
    expect(counted(undefined, ...readings)).toMatchObject(expected);
  });

  it('keeps compute times apart by batch size, also by sizes that came later', () => {
    const { computeByRows } = counted(undefined, statsOf(10, 0, ['a'], [1]), statsOf(30, 0, ['a'], [1, 4]));
    expect(computeByRows).toEqual([
      { rows: 1, bounds: [1, 2], counts: [30, 0, 0] },
      { rows: 4, bounds: [1, 2], counts: [30, 0, 0] },
    ]);
  });

  it('is nothing before the first reading', () => {
    expect(evidenceFrom(undefined, revision).counted).toEqual(nothingCounted);
  });
});
