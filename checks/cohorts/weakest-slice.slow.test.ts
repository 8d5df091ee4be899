import { describe, expect, it } from 'vitest';
import type { Column } from '../../serving/model/table.ts';
import { sampleEvidence } from '../baseline/sample-evidence.ts';
import { cohortsCheck } from '../cohorts.ts';
import type { Answers } from '../evidence/evidence.ts';
import { judgedWorld, strict, worldOf } from './slice-world.ts';

describe('the weakest slice by search', () => {
  it.each(['log_loss', 'roc_auc'] as const)(
    'on equal models without a weak slice cries wolf at most one time in twenty, even without a margin: %s',
    (name) => {
      const REPETITIONS = 300;
      let failed = 0;
      let weak = 0;
      let tested = 0;
      for (let seed = 1; seed <= REPETITIONS; seed++) {
        const findings = judgedWorld({ seed }, strict(name));
        if (findings.some(({ id, verdict }) => id.startsWith('cohorts/slice/') && verdict === 'fail')) failed += 1;
        if (findings.some(({ id, verdict }) => id === 'cohorts/weakest-slice' && verdict === 'fail')) weak += 1;
        const slices = findings.find(({ id }) => id === 'cohorts/slices');
        tested += Number(slices?.measured['tested'] ?? 1);
      }
      expect(failed / REPETITIONS).toBeLessThanOrEqual(0.05);
      expect(weak / REPETITIONS).toBeLessThanOrEqual(0.05);
      // It did test: a search that finds nothing to test would never cry wolf either.
      expect(tested / REPETITIONS).toBeGreaterThan(2);
    },
    60_000,
  );

  it('keeps rows of one key on one side: copies of rows prove nothing', () => {
    // Every row eight times: searched and tested on copies of the same rows, everything unlucky would be confirmed.
    const REPETITIONS = 60;
    let failed = 0;
    for (let seed = 1; seed <= REPETITIONS; seed++) {
      const world = worldOf({ seed, rows: 300 });
      const times = 8;
      const copies = Int32Array.from({ length: 300 * times }, (_, row) => row % 300);
      const copied = (answers: Answers): Answers => ({
        ...answers,
        rows: copies.length,
        scores: Float64Array.from(copies, (row) => answers.scores[row] ?? 0),
      });
      const columns = [...world.data.table.columns].map(([name, column]): [string, Column] => [
        name,
        column.kind === 'number'
          ? { ...column, values: Float64Array.from(copies, (row) => column.values[row] ?? 0) }
          : column.kind === 'category'
            ? { ...column, codes: Int32Array.from(copies, (row) => column.codes[row] ?? -1) }
            : column,
      ]);
      const { findings } = cohortsCheck.judge(
        sampleEvidence({
          data: {
            table: { rows: copies.length, columns: new Map(columns) },
            labels: { ...world.data.labels, codes: copies.map((row) => world.data.labels.codes[row] ?? 0) },
            groups: copies,
          },
          candidate: copied(world.candidate),
          champion: copied(world.champion),
          evaluation: { metrics: [strict('log_loss')] },
        }),
      );
      if (findings.some(({ id, verdict }) => id.startsWith('cohorts/slice/') && verdict === 'fail')) failed += 1;
    }
    expect(failed / REPETITIONS).toBeLessThanOrEqual(0.1);
  });
});
