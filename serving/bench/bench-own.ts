import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelSession } from '../model/session.ts';
import type { Tensor } from '../model/tensor.ts';
import { spreadOf } from './bench-report.ts';
import { expectationOf, httpRequest, v2Body } from './bench-requests.ts';
import type { LoadGenerator } from './load-generator.ts';
import type { LoadJob, LoadRequest } from './load-job.ts';
import { type Measurement, measured } from './measured.ts';

/** One request of a user's own model with what the model alone answers. */
export interface OwnCase {
  readonly id: string;
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** What the model's output `output` holds. */
  readonly numbers: readonly number[];
  /** The same row as a record, with its score; undefined: the model takes tensors only. */
  readonly record?: { readonly value: unknown; readonly scores: readonly number[] };
}

export interface OwnModel {
  readonly name: string;
  /** The output that is asked for. */
  readonly output: string;
  readonly cases: readonly OwnCase[];
}

export type OwnForm = 'tensors' | 'records';

/** A model's requests as tensors (V2) or as records (V1). */
export function ownRequests(
  { name, output, cases }: OwnModel,
  form: OwnForm,
  at: { readonly host: string; readonly port: number },
): readonly LoadRequest[] {
  const headers = { 'content-type': 'application/json' };
  return cases.flatMap(({ id, feeds, numbers, record }) => {
    if (form === 'tensors') {
      const body = Buffer.from(v2Body(id, feeds, [output]));
      const bytes = httpRequest({ ...at, path: `/v2/models/${name}/infer` }, id, headers, body);
      return [{ bytes, expects: { ...expectationOf({ id, numbers }, 'v2-json'), tolerance: toleranceOf(numbers) } }];
    }
    if (record === undefined) return [];
    const body = Buffer.from(JSON.stringify({ instances: [record.value] }));
    const bytes = httpRequest({ ...at, path: `/v1/models/${name}:predict` }, id, headers, body);
    const expects = { ...expectationOf({ id, numbers: record.scores }, 'v1'), tolerance: toleranceOf(record.scores) };
    return [{ bytes, expects }];
  });
}

/** Of floats, whatever they were batched with. */
const RELATIVE_TOLERANCE = 1e-4;

function toleranceOf(numbers: readonly number[]): number {
  return RELATIVE_TOLERANCE * Math.max(1, ...numbers.map(Math.abs));
}

export interface BareFigures {
  readonly runsPerSecond: number;
  readonly cpuMicrosPerRun: number;
}

/** Runs of the model alone in this process, one request's row each. */
export async function bareFigures(
  session: ModelSession,
  cases: readonly OwnCase[],
  seconds: number,
): Promise<BareFigures> {
  for (const { feeds } of cases) await session.run(feeds);
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  let runs = 0;
  while (performance.now() - started < seconds * MS_PER_SECOND) {
    const each = cases[runs % cases.length];
    if (each !== undefined) await session.run(each.feeds);
    runs += 1;
    // A limit on time and Ctrl-C want their turn.
    if (runs % RUNS_A_TURN === 0) await sleep(0);
  }
  const { user, system } = process.cpuUsage(cpu);
  return {
    runsPerSecond: (MS_PER_SECOND * runs) / (performance.now() - started),
    cpuMicrosPerRun: (user + system) / runs,
  };
}

const MS_PER_SECOND = 1000;
const RUNS_A_TURN = 1000;

export interface OwnFigures {
  readonly form: OwnForm;
  readonly connections: number;
  readonly log: boolean;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicrosPerRequest?: number;
  readonly failed: number;
  readonly complaint?: string;
}

export interface OwnFleet {
  readonly log: boolean;
  readonly pid: number;
  readonly at: { readonly host: string; readonly port: number };
}

/** What each fleet does with each form at each number of connections, in turn and in rounds, so that the machine's moods meet all alike. */
export async function ownFigures(
  load: LoadGenerator,
  model: OwnModel,
  plan: { readonly fleets: readonly OwnFleet[]; readonly connections: readonly number[]; readonly seconds: number },
  tell: (text: string, share: number) => void,
): Promise<readonly OwnFigures[]> {
  const forms = (['tensors', 'records'] as const).filter(
    (form) => form === 'tensors' || model.cases.some(({ record }) => record !== undefined),
  );
  const cells = forms.flatMap((form) =>
    plan.connections.flatMap((connections) =>
      plan.fleets.map((fleet) => ({ form, connections, fleet, rounds: [] as Measurement[] })),
    ),
  );
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, { form, connections, fleet, rounds }] of cells.entries()) {
      tell(`${form}, ${connections} connections`, (round * cells.length + index) / (ROUNDS * cells.length));
      const requests = ownRequests(model, form, fleet.at);
      const job: LoadJob = {
        protocol: 'http',
        ...fleet.at,
        requests,
        connections,
        ...SETTINGS,
        seconds: plan.seconds / ROUNDS,
      };
      rounds.push(await measured(load, job, fleet.pid));
    }
  return cells.map(({ form, connections, fleet, rounds }) => ({
    form,
    connections,
    log: fleet.log,
    ...figuresOf(rounds),
  }));
}

const ROUNDS = 2;
const SETTINGS = { inFlight: 1, warmUpSeconds: 0.5, limitMs: 60_000 } as const;

function figuresOf(rounds: readonly Measurement[]): Omit<OwnFigures, 'form' | 'connections' | 'log'> {
  const median = (figure: (round: Measurement) => number | undefined): number =>
    spreadOf(rounds.map((round) => figure(round) ?? NaN))?.median ?? NaN;
  const cpu = median(({ cpuMicrosPerRequest }) => cpuMicrosPerRequest);
  const complaint = rounds.find((round) => round.complaint !== undefined)?.complaint;
  return {
    requestsPerSecond: median(({ perSecond }) => perSecond),
    p50Ms: median(({ p50Ms }) => p50Ms),
    p99Ms: median(({ p99Ms }) => p99Ms),
    ...(Number.isNaN(cpu) ? {} : { cpuMicrosPerRequest: cpu }),
    failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    ...(complaint === undefined ? {} : { complaint }),
  };
}
