import { Cron } from 'croner';
import type { ModelDocument } from './manifest-document.generated.ts';
import { dottedOf, idOf, pointerOf } from './pointer.ts';
import type { Problem } from './problem.ts';
import type { YamlDocument } from './yaml-document.ts';

/** Values that are right each by itself and contradict each other, which a schema cannot say: nothing could be judged by them. */
export function inconsistencies(document: ModelDocument, places: YamlDocument): readonly Problem[] {
  const { evaluation, inputs, columns, replicas, rollout, artifact, lifetime } = document;
  const found = [
    ...twice(
      '/inputs',
      'name',
      inputs.map(({ name }) => name),
    ),
    ...twice(
      '/evaluation/metrics',
      'name',
      evaluation.metrics.map(({ name }) => name),
    ),
    ...twice(
      '/evaluation/cohorts',
      '',
      evaluation.cohorts.map((cohort) => (typeof cohort === 'string' ? cohort : cohort.column)),
    ),
    ...twice(
      '/artifact/files',
      'uri',
      artifact.files.map(({ uri }) => uri),
    ),
    ...Object.entries(columns).flatMap(([name, { min, max }]) =>
      falling(pointerOf(['columns', name]), 'min', min, 'max', max),
    ),
    ...evaluation.metrics.flatMap(({ min, max }, index) =>
      falling(`/evaluation/metrics/${index}`, 'min', min, 'max', max),
    ),
    ...evaluation.cohorts.flatMap((cohort, index) =>
      typeof cohort === 'string' ? [] : unsorted(`/evaluation/cohorts/${index}/bins`, cohort.bins ?? []),
    ),
    ...falling('/replicas', 'min', replicas.min, 'max', replicas.max),
    ...unreachable(rollout.strategy, rollout.steps.length),
    ...timeless(lifetime?.retrain?.schedule),
  ];
  return found.map(({ pointer, reason, found: value, expected }) => ({
    id: `manifest/schema/${idOf(pointer)}`,
    reason: `${dottedOf(pointer)} ${reason}; expected ${expected}`,
    at: places.place(pointer),
    pointer,
    found: value,
    expected,
  }));
}

interface Inconsistency {
  readonly pointer: string;
  readonly reason: string;
  readonly found: string;
  readonly expected: string;
}

function twice(list: string, key: string, names: readonly string[]): readonly Inconsistency[] {
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (first === index) return [];
    const pointer = `${list}/${index}${key === '' ? '' : `/${key}`}`;
    return [
      {
        pointer,
        reason: `is ${JSON.stringify(name)} again, as in ${dottedOf(`${list}/${first}`)}`,
        found: name,
        expected: 'each one once',
      },
    ];
  });
}

function falling(
  pointer: string,
  low: string,
  min: number | undefined,
  high: string,
  max: number | undefined,
): readonly Inconsistency[] {
  if (min === undefined || max === undefined || min <= max) return [];
  return [
    {
      pointer: `${pointer}/${low}`,
      reason: `is ${min}, above ${high}, which is ${max}`,
      found: String(min),
      expected: `${low} at most ${high}`,
    },
  ];
}

function unsorted(pointer: string, bins: readonly number[]): readonly Inconsistency[] {
  const isRising = bins.every((edge, index) => index === 0 || edge > (bins[index - 1] ?? edge));
  return isRising
    ? []
    : [{ pointer, reason: `is [${bins.join(', ')}]`, found: bins.join(', '), expected: 'edges that rise' }];
}

/** A canary without steps would take all traffic at once, which is what blue-green says openly. */
function unreachable(strategy: string, steps: number): readonly Inconsistency[] {
  if (steps > 0 || strategy === 'blue-green') return [];
  return [
    {
      pointer: '/rollout/steps',
      reason: `is empty with the strategy ${strategy}`,
      found: 'no step',
      expected: 'at least one step, or the strategy blue-green',
    },
  ];
}

/** A schedule that names no time would never train anything, and nobody would know. */
function timeless(schedule: string | undefined): readonly Inconsistency[] {
  if (schedule === undefined || namesTimes(schedule)) return [];
  return [
    {
      pointer: '/lifetime/retrain/schedule',
      reason: `is ${JSON.stringify(schedule)}, which names no time`,
      found: schedule,
      expected: 'five fields of cron, in UTC: minute, hour, day of the month, month, day of the week',
    },
  ];
}

function namesTimes(schedule: string): boolean {
  try {
    return new Cron(schedule, { timezone: 'UTC', mode: '5-part', paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}
