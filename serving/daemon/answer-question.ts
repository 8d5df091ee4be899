import { readFile, rm } from 'node:fs/promises';
import type { Feedback } from '../lake/log-writer.ts';
import { ownColumnNames } from '../lake/own-columns.ts';
import { parseJson } from '../protocol/lossless.ts';
import { Refusal, described } from '../protocol/refusal.ts';
import { modelStatisticsOf } from '../protocol/model-statistics.ts';
import { emptyCounts } from '../replica/counters.ts';
import { timeOfIdentifier } from '../replica/identifier.ts';
import type { Question, Told } from '../replica/messages.ts';
import { watchVitals } from '../replica/vitals.ts';
import { askForTraining } from './ask-for-training.ts';
import { expositionOf } from './exposition.ts';
import type { FleetDaemon } from './fleet-daemon.ts';
import { controlModel } from './model-control.ts';

/** Answers what no single replica can: what concerns all of them, or what was recorded. */
export async function answerQuestion(daemon: FleetDaemon, question: Question): Promise<Told> {
  try {
    switch (question.kind) {
      case 'metrics':
        return { status: 200, contentType: EXPOSITION_TYPE, body: await metricsOf(daemon) };
      case 'prediction':
        return json(200, await predictionOf(daemon, question.id));
      case 'feedback':
        return json(202, await takeFeedback(daemon, question.model, question.body));
      case 'retrain':
        return json(202, await askForTraining(daemon, question.model, question.body, Date.now()));
      case 'control':
        return await controlModel(daemon, question);
      case 'statistics':
        return json(200, { model_stats: await statisticsOf(daemon, question) });
      case 'index':
        return json(200, indexOf(daemon, question.onlyReady));
    }
  } catch (error) {
    if (error instanceof Refusal) return json(error.status, { error: error.message });
    throw error;
  }
}

const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

function json(status: number, body: unknown): Told {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}

const vitals = watchVitals();

async function metricsOf(daemon: FleetDaemon): Promise<string> {
  const { arms } = await daemon.counted.arms();
  const { messaging } = daemon.counted;
  return expositionOf({
    fleet: daemon.observe(),
    ...(messaging === undefined ? {} : { messaging }),
    arms,
    totals: daemon.counted.totals(),
    inFlight: daemon.counted.inFlight,
    restarts: daemon.restarts,
    waiting: daemon.waiting,
    processes: daemon.counted.processes,
    daemon: { ...vitals(), startedAtMs: performance.timeOrigin },
    build: { version: daemon.serverVersion, node: process.versions.node },
  });
}

async function statisticsOf(
  daemon: FleetDaemon,
  { model: name, version }: Extract<Question, { readonly kind: 'statistics' }>,
) {
  const { arms } = await daemon.counted.arms();
  const models = daemon.observe().models.filter(({ model }) => name === undefined || model === name);
  if (name !== undefined && models.length === 0)
    throw new Refusal(404, `Request for unknown model: '${name}' is not found`);
  const found = models.flatMap(({ model, revisions }) =>
    revisions
      .filter((revision) => version === undefined || revision.version === version)
      .map((revision) => {
        const own = arms.find((counts) => counts.model === model && counts.revision === revision.revision);
        return modelStatisticsOf(model, revision.version, own ?? emptyCounts(model, revision.revision));
      }),
  );
  if (version !== undefined && found.length === 0)
    throw new Refusal(404, `Request for unknown model: '${name}' version ${version} is not found`);
  return found;
}

const STATES = { known: 'UNAVAILABLE', loading: 'LOADING', ready: 'READY', failed: 'UNAVAILABLE' } as const;

/** Triton's repository index: every version that the fleet knows. */
function indexOf(daemon: FleetDaemon, onlyReady: boolean) {
  return daemon
    .observe()
    .models.flatMap(({ model, revisions, unloaded }) =>
      revisions.map(({ version, state, reason }) => ({
        name: model,
        version,
        state: STATES[state],
        reason: reason ?? (unloaded === true ? 'unloaded' : ''),
      })),
    )
    .filter(({ state }) => !onlyReady || state === 'READY');
}

/** Requests of one identifier lie this close to the time that it holds. */
const AROUND_MS = 1_000;
const MOST_ROWS = 10_000;

/** What was asked, what was answered, by which revision, and who allowed that revision. */
async function predictionOf(daemon: FleetDaemon, id: string): Promise<unknown> {
  const at = timeOfIdentifier(id);
  if (at === undefined) throw new Refusal(400, `"${id}" is no identifier of a prediction; see the header x-slipway-id`);
  if (daemon.lake === undefined) throw new Refusal(404, 'this fleet records no predictions (--no-log)');
  // All of them in one look: a process a model would take a fleet of many longer than anybody waits.
  const [model = '', ...others] = daemon.observe().models.map((each) => each.model);
  const rows = model === '' ? [] : answeredRows(await rowsOf(daemon, { model, others }, id, at));
  const [first] = rows;
  if (first !== undefined) return describedPrediction(daemon, String(ownValue(first, 'model')), rows, first);
  throw new Refusal(404, `prediction ${id} is not recorded: never made here, dropped, or older than the retention`);
}

type Row = Readonly<Record<string, unknown>>;

async function rowsOf(
  daemon: FleetDaemon,
  models: { readonly model: string; readonly others: readonly string[] },
  id: string,
  at: number,
): Promise<readonly Row[]> {
  const query = { ...models, id, fromMs: at - AROUND_MS, toMs: at + AROUND_MS, limit: MOST_ROWS, failures: true };
  const { file } = await daemon.readLog(query, 'json');
  try {
    // Written by our own process.
    return (JSON.parse(await readFile(file, 'utf8')) as { readonly rows: readonly Row[] }).rows;
  } finally {
    await rm(file, { force: true });
  }
}

const REQUEST_ERRORS = 400;

/** Of one request, the rows of the revision whose answer its caller got: an arm that it fell back from, and shadows, are recorded beside it. */
function answeredRows(rows: readonly Row[]): readonly Row[] {
  const own = rows.filter((row) => ownValue(row, 'shadow') !== true);
  const [first = own[0]] = own.filter((row) => Number(ownValue(row, 'status')) < REQUEST_ERRORS);
  if (first === undefined) return [];
  return own.filter((row) => ['revision', 'status'].every((name) => ownValue(row, name) === ownValue(first, name)));
}

function ownValue(row: Row, name: string): unknown {
  return row[`slipway_${name}`] ?? row[name];
}

function describedPrediction(daemon: FleetDaemon, model: string, rows: readonly Row[], first: Row): unknown {
  const own = ownValue;
  const revision = own(first, 'revision');
  const stored = daemon.modelOf(model)?.revisions.find(({ target }) => target.revision === revision);
  const names = new Set(
    ownColumnNames.map((name) => (Object.hasOwn(first, `slipway_${name}`) ? `slipway_${name}` : name)),
  );
  return {
    id: own(first, 'id'),
    time: own(first, 'time'),
    model,
    version: own(first, 'version'),
    revision,
    digest: own(first, 'digest'),
    arm: own(first, 'arm'),
    status: own(first, 'status'),
    latencyMs: own(first, 'latency_ms'),
    inputDigest: own(first, 'input_digest') ?? null,
    rows: rows
      .toSorted((a, b) => Number(own(a, 'row')) - Number(own(b, 'row')))
      .map((row) => ({
        row: own(row, 'row'),
        inputs: Object.fromEntries(Object.entries(row).filter(([name]) => !names.has(name))),
        score: own(row, 'score'),
        class: own(row, 'class'),
        flags: own(row, 'flags'),
        feedback: own(row, 'feedback'),
      })),
    provenance: stored?.target.provenance ?? null,
  };
}

const MOST_FEEDBACK = 10_000;

/** `{"id": …, "row": 0, "label": 1}` or a list of them; late labels are welcome. */
async function takeFeedback(daemon: FleetDaemon, model: string, text: string): Promise<unknown> {
  if (daemon.lake === undefined) throw new Refusal(404, 'this fleet records no predictions (--no-log)');
  const body = parseJson(text, 'the request body');
  const items: readonly unknown[] = Array.isArray(body) ? body : [body];
  if (items.length > MOST_FEEDBACK)
    throw new Refusal(400, `at most ${MOST_FEEDBACK} labels at once, found ${items.length}`);
  const at = new Date().toISOString();
  await daemon.lake.feedback(
    model,
    items.map((item, index) => feedbackOf(item, index, at)),
  );
  return { accepted: items.length };
}

function feedbackOf(item: unknown, index: number, at: string): Feedback {
  const {
    id,
    row = 0,
    label,
  } = (typeof item === 'object' && item !== null ? item : {}) as Readonly<Record<string, unknown>>;
  if (typeof id !== 'string' || timeOfIdentifier(id) === undefined)
    throw new Refusal(400, `feedback ${index}: id must be the identifier of a prediction, found ${described(id)}`);
  if (typeof row !== 'number' || !Number.isInteger(row) || row < 0)
    throw new Refusal(400, `feedback ${index}: row must be an integer from 0, found ${described(row)}`);
  if (typeof label !== 'string' && typeof label !== 'number' && typeof label !== 'boolean')
    throw new Refusal(400, `feedback ${index}: label must be a number, text, true or false, found ${described(label)}`);
  return { id, row, label, at };
}
