import { describe, expect, it } from 'vitest';
import { smallestManifest } from '../../checks/manifest/manifest-samples.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { LedgerLine } from '../ledger/ledger.ts';
import { dueTrainings, lastTimeOf } from './due-trainings.ts';

const at = (text: string): Date => new Date(text);
const weekly = '0 3 * * 1';

function modelsOf(retrain: string) {
  const parsed = parseManifest(
    `${smallestManifest}lifetime: { retrain: { ${retrain} } }\n`,
    'models/income/model.yaml',
  );
  if (parsed.kind === 'refused') throw new Error('the manifest is valid');
  return new Map([['income', parsed.loaded]]);
}

function line(key: string, when: string): LedgerLine {
  return { kind: 'merged', key, at: when, actor: 'ola', model: 'income', sequence: 0, previous: '', signature: '' };
}

const known = [line('merged/1', '2026-11-01T00:00:00Z')];
const scheduled = modelsOf(`schedule: "${weekly}", workflow: retrain.yml`);

describe('the last time that a schedule names, in UTC', () => {
  it.each([
    // 2026-11-16 is a Monday.
    [weekly, '2026-11-16T03:00:00Z', '2026-11-16T03:00:00.000Z'],
    [weekly, '2026-11-16T02:59:59Z', '2026-11-09T03:00:00.000Z'],
    ['*/15 * * * *', '2026-11-16T02:59:59Z', '2026-11-16T02:45:00.000Z'],
    ['0 0 29 2 *', '2026-11-16T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    // Crontab's rule: where both days are given, either will do.
    ['0 0 1 * 5', '2026-11-16T00:00:00Z', '2026-11-13T00:00:00.000Z'],
  ])('%s at %s is %s', (schedule, now, expected) => {
    expect(lastTimeOf(schedule, at(now))?.toISOString()).toBe(expected);
  });

  it.each(['every monday', '* * * *', '0 0 3 * * 1', '0 25 * * *'])('is none for %s', (schedule) => {
    expect(lastTimeOf(schedule, at('2026-11-16T03:00:00Z'))).toBeUndefined();
  });
});

describe('trainings that are due', () => {
  it('are those of a schedule, once its time has come, and once', () => {
    const now = at('2026-11-16T03:01:00Z');
    const due = dueTrainings(scheduled, [], known, now);
    expect(due).toMatchObject([{ model: 'income', by: 'slipway', at: at('2026-11-16T03:00:00Z') }]);
    const done = line('retraining/income/schedule 2026-11-16T03:00:00.000Z', '2026-11-16T03:00:00Z');
    expect(dueTrainings(scheduled, [], [...known, done], now)).toEqual([]);
    expect(dueTrainings(scheduled, [], [...known, done], at('2026-11-23T03:00:30Z'))).toHaveLength(1);
  });

  it('are caught up with for a day, and not for times before the model was known', () => {
    expect(dueTrainings(scheduled, [], known, at('2026-11-17T02:59:00Z'))).toHaveLength(1);
    expect(dueTrainings(scheduled, [], known, at('2026-11-17T03:00:00Z'))).toEqual([]);
    const late = [line('adopted/income', '2026-11-16T10:00:00Z')];
    expect(dueTrainings(scheduled, [], late, at('2026-11-16T11:00:00Z'))).toEqual([]);
    expect(dueTrainings(scheduled, [], [], at('2026-11-16T03:01:00Z'))).toEqual([]);
  });

  it('are those that callers of the fleet asked for, for a day, and once', () => {
    const models = modelsOf('workflow: retrain.yml');
    const asked = [
      { model: 'income', id: 'w1', at: '2026-11-16T09:00:00Z', because: 'drift' },
      { model: 'elsewhere', id: 'w2', at: '2026-11-16T09:00:00Z' },
    ];
    const now = at('2026-11-16T09:00:10Z');
    expect(dueTrainings(models, asked, known, now)).toEqual([
      {
        model: 'income',
        by: 'slipway',
        because: 'asked for at the fleet: drift',
        key: 'fleet w1',
        at: at('2026-11-16T09:00:00Z'),
      },
    ]);
    const done = line('retraining/income/fleet w1', '2026-11-16T09:00:00Z');
    expect(dueTrainings(models, asked, [...known, done], now)).toEqual([]);
    expect(dueTrainings(models, asked, known, at('2026-11-17T09:00:00Z'))).toEqual([]);
  });
});
