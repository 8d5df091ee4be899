import { Cron } from 'croner';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import type { LedgerLine } from '../ledger/ledger.ts';
import { type TrainingWish, trainingKey } from './train-model.ts';

/** What a fleet was asked for by a caller: `POST /v1/models/{model}:retrain`. */
export interface AskedTraining {
  readonly model: string;
  readonly id: string;
  /** ISO date-time. */
  readonly at: string;
  readonly because?: string;
}

/** A wish that nobody took for so long is not meant any more: the App was away, or the workflow could not be started. */
const MEANT_MS = 24 * 3_600_000;

/** Trainings that should be started now: those that callers of the fleet asked for, and those whose time has come. Pure. */
export function dueTrainings(
  models: ReadonlyMap<string, LoadedManifest>,
  asked: readonly AskedTraining[],
  lines: readonly LedgerLine[],
  now: Date,
): readonly TrainingWish[] {
  const known = new Set(lines.map(({ key }) => key));
  const isMeant = ({ at }: TrainingWish): boolean => now.getTime() - at.getTime() < MEANT_MS;
  return [
    ...asked.filter(({ model }) => models.has(model)).map(wishOf),
    ...[...models.values()].flatMap((loaded) => scheduledWish(loaded, lines, now)),
  ].filter((wish) => isMeant(wish) && !known.has(trainingKey(wish)));
}

function wishOf({ model, id, at, because }: AskedTraining): TrainingWish {
  return {
    model,
    by: 'slipway',
    because: `asked for at the fleet${because === undefined ? '' : `: ${because}`}`,
    key: `fleet ${id}`,
    at: new Date(at),
  };
}

/** The last time that the schedule names, in UTC. Times before the ledger knew the model are nobody's wish. */
function scheduledWish({ manifest }: LoadedManifest, lines: readonly LedgerLine[], now: Date): readonly TrainingWish[] {
  const { schedule, workflow } = manifest.lifetime?.retrain ?? {};
  if (schedule === undefined || workflow === undefined) return [];
  const at = lastTimeOf(schedule, now);
  const first = lines.find(({ model }) => model === manifest.name);
  if (at === undefined || first === undefined || at.getTime() < Date.parse(first.at)) return [];
  const because = `lifetime.retrain.schedule is ${schedule}`;
  return [{ model: manifest.name, by: 'slipway', because, key: `schedule ${at.toISOString()}`, at }];
}

/** The last minute, at or before now, that five cron fields name in UTC; undefined where they are none, or name none in the past. */
export function lastTimeOf(schedule: string, now: Date): Date | undefined {
  try {
    const cron = new Cron(schedule, { timezone: 'UTC', mode: '5-part', paused: true });
    // What is asked for lies before its reference.
    return cron.previousRuns(1, new Date(now.getTime() + 1))[0];
  } catch {
    return undefined;
  }
}
