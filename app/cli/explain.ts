import { readFile } from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExplainQuestion, ExplainedPart } from '../../checks/evidence/explain-job.ts';
import { explainInChild } from '../../checks/evidence/explain-in-child.ts';
import type { ExplainedModel } from '../../checks/evidence/explanation-evidence.ts';
import type { RowExplanation } from '../../checks/explain/explain-row.ts';
import { explanationJson } from '../../checks/explain/explanation-json.ts';
import { CONFIDENCE, rankImportances } from '../../checks/explanation/rank-importances.ts';
import { cacheFolder } from './cache-folder.ts';
import {
  type Command,
  type CommandArguments,
  type CommandIo,
  EXIT,
  type ExitStatus,
  textOption,
  UsageError,
} from './command.ts';
import { globalText, rowText } from './explain-text.ts';
import { askWhy } from './ask-why.ts';
import { type AskedFleet, type LoggedPrediction, lookUpPrediction } from './look-up-prediction.ts';
import { modelOnRows, type ModelOnRows } from './model-on-rows.ts';

export const explain: Command = {
  name: 'explain',
  summary: 'what drives a model, or one of its answers',
  usage: `MANIFEST --data FILE [--row N | --record JSON|FILE]
  slipway explain PREDICTION-ID --fleet URL [--manifest MANIFEST] [--data FILE]

  MANIFEST              a manifest, or the folder that holds it
  --data FILE           rows (CSV or Parquet): with the label for what drives the model; the background that a row is explained against
  --row N               why this row of the data got its score; the first is 1
  --record JSON|FILE    the same of a record {"column": value, …}
  PREDICTION-ID         the same of a prediction that a fleet recorded (x-slipway-id)
  --fleet URL           the fleet that recorded it, where callers ask; its own revision explains it
  --row N               with PREDICTION-ID: which row of the request (default 1)
  --manifest MANIFEST   explains it on this machine, by the prediction's own revision (with --data alone: models/NAME/model.yaml); else the fleet does
  --token-file FILE     where the fleet asks for a caller's token
  --policy FILE         limits on time and memory (default: the repository's policy)

Without --row and --record: permutation importance with intervals. With: Shapley values. Exit status: 0 explained, 2 could not.`,
  options: {
    data: { type: 'string' },
    row: { type: 'string' },
    record: { type: 'string' },
    fleet: { type: 'string' },
    manifest: { type: 'string' },
    'token-file': { type: 'string' },
    policy: { type: 'string' },
  },
  run,
};

/** What RFC 9562 writes. */
const PREDICTION_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

async function run(args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const [subject, ...others] = args.positionals;
  if (subject === undefined || others.length > 0)
    throw new UsageError('name one manifest, or one prediction with --fleet');
  if (PREDICTION_ID.test(subject)) return explainPrediction(subject, args, io);
  for (const option of ['fleet', 'manifest', 'token-file'])
    if (textOption(args, option) !== undefined)
      throw new UsageError(`--${option} goes with a prediction's id, and "${subject}" is none`);
  const data = textOption(args, 'data');
  if (data === undefined) throw new UsageError('--data is needed: rows to ask the model about (CSV or Parquet)');
  const question = await questionOf(args);
  const model = await modelOnRows(subject, data, { ...policyOption(args), signal: io.signal });
  const row = question.kind === 'row' ? `row ${question.row + 1} of ${data}` : 'the record';
  return answerWith(model, question, row, data, io);
}

async function questionOf(args: CommandArguments): Promise<ExplainQuestion> {
  const [row, record] = [rowOption(args), textOption(args, 'record')];
  if (row !== undefined && record !== undefined) throw new UsageError('--row and --record ask two things: give one');
  if (row !== undefined) return { kind: 'row', row };
  return record === undefined ? { kind: 'global' } : { kind: 'record', record: await recordOf(record) };
}

function policyOption(args: CommandArguments): { readonly policy?: string } {
  const policy = textOption(args, 'policy');
  return policy === undefined ? {} : { policy };
}

/** `--row`, from 0. */
function rowOption(args: CommandArguments): number | undefined {
  const text = textOption(args, 'row');
  if (text === undefined) return undefined;
  const row = Number(text);
  if (!Number.isInteger(row) || row < 1)
    throw new UsageError(`--row ${text}: a whole number was expected, the first row is 1`);
  return row - 1;
}

async function recordOf(given: string): Promise<unknown> {
  const isJson = /^\s*[[{]/.test(given);
  try {
    const parsed: unknown = JSON.parse(isJson ? given : await readFile(given, 'utf8'));
    const records = Array.isArray(parsed) ? parsed : [parsed];
    if (records.length !== 1)
      throw new UsageError(`--record holds ${records.length} records: one is explained at a time`);
    return records[0];
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(`--record ${isJson ? '' : `${given} `}holds no JSON record`, { cause });
  }
}

async function explainPrediction(id: string, args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  if (textOption(args, 'record') !== undefined)
    throw new UsageError('--record goes with a manifest; a prediction has its own');
  const url = textOption(args, 'fleet');
  if (url === undefined) throw new UsageError('--fleet URL is needed: the fleet that recorded the prediction');
  const fleet = { url, tokenFile: textOption(args, 'token-file') };
  const isHere = ['manifest', 'data'].some((option) => textOption(args, option) !== undefined);
  return isHere ? explainHere(id, fleet, args, io) : askWhy(id, fleet, rowOption(args) ?? 0, io);
}

/** Explains a recorded prediction by its manifest on this machine, where the fleet has let its revision go, or is not to be believed. */
async function explainHere(id: string, fleet: AskedFleet, args: CommandArguments, io: CommandIo): Promise<ExitStatus> {
  const prediction = await lookUpPrediction(id, fleet, io.signal);
  const logged = prediction.rows[rowOption(args) ?? 0];
  if (logged === undefined)
    throw new UsageError(
      `prediction ${id} has ${prediction.rows.length} rows, and row ${textOption(args, 'row')} was asked for`,
    );
  if (logged.inputs === undefined) {
    io.err(`prediction ${id} was recorded without its inputs, so it cannot be explained`);
    return EXIT.cannotTell;
  }
  const { model, version, revision } = prediction;
  const manifest = textOption(args, 'manifest') ?? (await manifestHere(model));
  if (manifest === undefined) {
    io.err(
      `there is no models/${model}/model.yaml here, and a fleet hands out no artifacts: ` +
        `give --manifest, the manifest of ${model} ${version} with its file (${prediction.digest}) and its evaluation data beside it`,
    );
    return EXIT.cannotTell;
  }
  const data = textOption(args, 'data') ?? (await evaluationFile(manifest, io));
  const found = await modelOnRows(manifest, data, { ...policyOption(args), signal: io.signal });
  if (found.loaded.revision !== revision) {
    io.err(
      `${manifest} is ${found.loaded.manifest.name} ${found.loaded.manifest.version}, revision ${found.loaded.revision}; prediction ${id} was answered by ${model} ${version}, revision ${revision}: another revision would explain another answer`,
    );
    return EXIT.cannotTell;
  }
  const own = new Set(Object.keys(logged.inputs));
  const record = Object.fromEntries([...own].map((name) => [name, logged.inputs?.[name] ?? null]));
  return answerWith(found, { kind: 'record', record }, `prediction ${id}`, data, io, {
    prediction,
    recorded: logged.score,
  });
}

async function manifestHere(model: string): Promise<string | undefined> {
  const path = join('models', model, 'model.yaml');
  return stat(path).then(
    () => path,
    () => undefined,
  );
}

/** The manifest's own evaluation data, where they lie beside it. */
async function evaluationFile(manifest: string, io: CommandIo): Promise<string> {
  const { evaluationDataOf } = await import('./evaluation-data-beside.ts');
  const file = await evaluationDataOf(manifest, io.signal);
  if (file === undefined)
    throw new UsageError(`--data is needed: the evaluation data of ${manifest} are no file beside it`);
  return file;
}

interface Logged {
  readonly prediction: LoggedPrediction;
  readonly recorded: unknown;
}

async function answerWith(
  { loaded, snapshot, policy, shown }: ModelOnRows,
  question: ExplainQuestion,
  row: string,
  data: string,
  io: CommandIo,
  logged?: Logged,
): Promise<ExitStatus> {
  io.progress(
    `${shown}: ${question.kind === 'global' ? 'asking what drives the answers' : 'asking what moved the score'}`,
  );
  const { manifest } = loaded;
  const answered: ExplainedPart = await explainInChild(
    { proposal: { loaded, snapshot }, policy, cacheFolder: await cacheFolder(), offline: false, signal: io.signal },
    question,
  );
  if (answered.kind === 'missing') {
    io.err(`slipway explain: ${answered.reason}${answered.next === undefined ? '' : `\n${answered.next}`}`);
    return EXIT.cannotTell;
  }
  const head = { model: manifest.name, version: manifest.version, revision: loaded.revision, data };
  if (answered.value.kind === 'global') {
    const { candidate } = answered.value.evidence;
    io.out(globalText(candidate, { color: io.color }));
    await io.json({ ...head, ...globalJson(candidate) });
    return EXIT.good;
  }
  const { explanation } = answered.value;
  const told = explanationJson(explanation);
  io.out(rowText(told, { model: `${manifest.name} ${manifest.version}`, row, color: io.color }));
  const otherAnswer = logged === undefined ? undefined : recordedDifference(logged.recorded, explanation);
  if (otherAnswer !== undefined) io.err(otherAnswer);
  await io.json({
    ...head,
    ...(logged === undefined ? {} : { prediction: logged.prediction.id, recordedScore: logged.recorded }),
    kind: 'shapley',
    ...(question.kind === 'row' ? { row: question.row + 1 } : {}),
    ...told,
  });
  return otherAnswer === undefined && explanation.additivity.holds ? EXIT.good : EXIT.cannotTell;
}

/** Beyond this share of the score the model here is not answering as the fleet did. */
const SAME_SCORE = 1e-4;

/** The explanation holds for the answer that was recorded only where the model gives it again. */
function recordedDifference(recorded: unknown, { score, task }: RowExplanation): string | undefined {
  const scores = Array.isArray(recorded) ? recorded : [recorded];
  const was = task === 'multiclass' ? Math.max(...scores.map(Number)) : Number(scores[0]);
  if (Math.abs(was - score) <= SAME_SCORE * Math.max(1, Math.abs(was))) return undefined;
  return `the fleet recorded the score ${was}, and the model answers ${score} here: this explains the answer here`;
}

function globalJson(model: ExplainedModel) {
  const { metric, value, rows, of, parts, shuffles, left } = model;
  return {
    kind: 'importance',
    metric,
    value,
    rows,
    dataRows: of,
    method: `permutation importance, ${shuffles} shuffles within ${parts} parts, jackknife intervals`,
    confidence: CONFIDENCE,
    columns: rankImportances(model).map(({ name, importance, standardError, interval, share, changed }) => ({
      column: name,
      importance,
      standardError,
      interval: [interval.lower, interval.upper],
      share,
      answersChanged: changed,
    })),
    left,
  };
}
