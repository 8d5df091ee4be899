import { spreadRows, takeRows } from '../../serving/model/rows.ts';
import type { Scores } from '../../serving/model/score.ts';
import type { ColumnType } from '../../serving/model/signature.ts';
import type { Table } from '../../serving/model/table.ts';
import { seededRandom } from '../stats/seeded-random.ts';
import { answerEach } from './answer-each.ts';
import type { Part } from './evidence.ts';
import type { LaterPart, Measured } from './later-parts.ts';
import type { Sink } from './measure.ts';
import { gathered } from './missing.ts';
import type { OpenModel } from './open-model.ts';
import { readWindow } from './read-window.ts';
import type { ReplayEvidence } from './replay-evidence.ts';

/** Recorded production requests, answered by candidate and champion, and by the champion once more. */
export const replayPart: LaterPart<'replay'> = {
  part: 'replay',
  stage: 'replaying recorded requests',
  measure: replay,
};

const SEED = 1;
/** Rows of a batch of the second time: a prime, so that rows have other neighbours and places in it. */
const OTHER_BATCH = 13;
/** Of the time that answering may take, what replaying may. */
const SHARE_FOR_REPLAY = 0.25;
/** Rows that the champion is asked first, to know how many can be afforded. */
const PROBED = 64;
/** The second time goes in smaller batches, which cost more a row. */
const COST_OF_AGAIN = 2;

async function replay(measured: Measured, sink: Sink): Promise<Part<ReplayEvidence> | undefined> {
  const { job, champion, candidate, rowMs } = measured;
  if (job.window === undefined || champion === undefined) return undefined;
  const read = await windowTable(measured, champion);
  if (read.kind === 'missing') return { ...read, owner: 'replay' };
  const whole = read.value;
  const affordable = await affordableRows(champion, whole, rowMs, job.answerLimitMs * SHARE_FOR_REPLAY);
  const rows = spreadRows(whole.rows, affordable);
  const table = rows.length === whole.rows ? whole : takeRows(whole, rows);
  const tell = (done: number): void => sink.progress({ stage: 'replaying recorded requests', done, of: 3 });
  const ofCandidate = knownAnswers(measured, table) ?? (await answerEach(candidate, table, candidate.batch));
  tell(1);
  const ofChampion = await answerEach(champion, table, champion.batch);
  tell(2);
  const championAgain = await inOtherOrder(champion, table);
  return gathered({
    label: job.window.name,
    table,
    recorded: whole.rows,
    rows,
    candidate: ofCandidate.answers,
    champion: ofChampion.answers,
    championAgain,
    candidateRefused: ofCandidate.refused,
    championRefused: ofChampion.refused,
    candidateColumns: candidate.signature.columns.map(({ name }) => name),
    championColumns: champion.signature.columns.map(({ name }) => name),
  });
}

/** The recorded rows, with the candidate's column types where they can be read so, else with the champion's. */
async function windowTable({ job, types, drift }: Measured, { signature }: OpenModel): Promise<Part<Table>> {
  if (drift.against === 'window' && drift.data.kind === 'gathered') return gathered(drift.data.value.table);
  if (job.window === undefined) throw new Error('nothing was recorded');
  const read = await readWindow(job.window, { types: types.types, required: [] });
  if (read.kind === 'gathered') return read;
  const own = new Map<string, ColumnType>(Object.entries(job.types));
  for (const { name, type } of signature.columns) own.set(name, type);
  const second = await readWindow(job.window, { types: own, required: [] });
  return second.kind === 'gathered' ? second : read;
}

/** The drift check may have asked the candidate all of these rows already. */
function knownAnswers({ drift }: Measured, table: Table): Awaited<ReturnType<typeof answerEach>> | undefined {
  if (drift.against !== 'window' || drift.data.kind === 'missing') return undefined;
  const { value } = drift.data;
  return value.table === table && value.answeredBy === 'candidate' && value.answers !== undefined
    ? { answers: value.answers, refused: { rows: new Int32Array(0) } }
    : undefined;
}

async function affordableRows(champion: OpenModel, table: Table, rowMs: number, limitMs: number): Promise<number> {
  const probe = takeRows(table, spreadRows(table.rows, PROBED));
  if (probe.rows === 0) return 0;
  const started = performance.now();
  await answerEach(champion, probe, champion.batch);
  const championRowMs = (performance.now() - started) / probe.rows;
  return Math.max(1, Math.floor(limitMs / (rowMs + (1 + COST_OF_AGAIN) * championRowMs)));
}

/** The answers in the table's order, asked in a seeded random one and in batches of another size. */
async function inOtherOrder(model: OpenModel, table: Table): Promise<Scores> {
  const random = seededRandom(SEED);
  const order = Int32Array.from({ length: table.rows }, (_, row) => row);
  for (let left = order.length; left > 1; left--) {
    const at = random.index(left);
    [order[left - 1], order[at]] = [order[at] ?? 0, order[left - 1] ?? 0];
  }
  const { answers } = await answerEach(model, takeRows(table, order), OTHER_BATCH);
  const width = answers.scores.length / Math.max(1, answers.rows);
  const scores = new Float64Array(answers.scores.length);
  for (const [place, row] of order.entries())
    for (let k = 0; k < width; k++) scores[row * width + k] = answers.scores[place * width + k] ?? NaN;
  return { ...answers, scores };
}
