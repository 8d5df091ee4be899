import { readFile } from 'node:fs/promises';
import { problemText } from '../../serving/model/feeds.ts';
import { tableOfRecords } from '../../serving/model/records.ts';
import { answerOf } from '../../serving/model/score.ts';
import { readJsonLines, type JsonLine } from '../data/json-lines.ts';
import type { GoldenOutcome, Part } from './evidence.ts';
import { gathered, missing } from './missing.ts';
import { answerBatch, type OpenModel } from './open-model.ts';

/** Goldens are written by hand; more than this is a data file. */
const MOST_GOLDENS = 10_000;

interface Golden {
  readonly line: number;
  readonly record: unknown;
  readonly expected: GoldenOutcome['expected'];
  readonly tolerance?: number;
  readonly why?: string;
}

/** Answers every golden on its own, so that one bad record spoils no other. A line that is no golden is an outcome with an error. */
export async function answerGoldens(file: string, model: OpenModel): Promise<Part<readonly GoldenOutcome[]>> {
  const lines = readJsonLines(await readFile(file));
  if (lines.length === 0) return missing('golden', 'the file of goldens is empty');
  if (lines.length > MOST_GOLDENS) return missing('golden', `${lines.length} goldens, at most ${MOST_GOLDENS} are run`);
  const outcomes: GoldenOutcome[] = [];
  for (const line of lines) {
    const golden = goldenOf(line);
    outcomes.push('record' in golden ? await answerGolden(golden, model) : golden);
  }
  return gathered(outcomes);
}

async function answerGolden(golden: Golden, model: OpenModel): Promise<GoldenOutcome> {
  const { line, expected, why } = golden;
  const told = {
    line,
    expected,
    tolerance: golden.tolerance ?? defaultTolerance(expected.score),
    ...(why === undefined ? {} : { why }),
  };
  const read = tableOfRecords(model.signature, [golden.record]);
  if (read.kind === 'refused')
    return {
      ...told,
      error: read.problems
        .map(({ column, found, expected: wanted }) => problemText({ column, found, expected: wanted }))
        .join('; '),
    };
  try {
    return { ...told, found: answerOf(await answerBatch(model, read.table, 0, 1), 0) };
  } catch (error) {
    return { ...told, error: error instanceof Error ? error.message : String(error) };
  }
}

/** Of a golden that names none; above 1 it grows with what was expected, since float32 has seven digits and not seven decimals. */
const DEFAULT_TOLERANCE = 1e-4;

function defaultTolerance(score: number | readonly number[] | undefined): number {
  return DEFAULT_TOLERANCE * Math.max(1, ...[score ?? 0].flat().map(Math.abs));
}

function goldenOf(line: JsonLine): Golden | GoldenOutcome {
  const refuse = (error: string): GoldenOutcome => ({ line: line.line, expected: {}, tolerance: 0, error });
  if (line.kind === 'refused') return refuse(line.reason);
  if (!isObject(line.value)) return refuse('a golden is an object with "record" and "expect"');
  const { record, expect, tolerance, why, ...others } = line.value;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) return refuse(`unknown key "${unknown}"; known are record, expect, tolerance, why`);
  if (!isObject(record)) return refuse('"record" must be an object of column names and values');
  if (!isObject(expect)) return refuse('"expect" must be an object with "score", "class" or both');
  const { score, class: expectedClass } = expect;
  const scores = [score].flat();
  if (score === undefined && expectedClass === undefined) return refuse('"expect" says neither "score" nor "class"');
  if (score !== undefined && !scores.every((value) => typeof value === 'number'))
    return refuse('"expect.score" must be a number, or one number a class');
  if (expectedClass !== undefined && typeof expectedClass !== 'string' && typeof expectedClass !== 'number')
    return refuse('"expect.class" must be a class: a text or a number');
  if (tolerance !== undefined && !(typeof tolerance === 'number' && tolerance >= 0))
    return refuse('"tolerance" must be a number, at least 0');
  return {
    line: line.line,
    record,
    expected: {
      ...(score === undefined
        ? {}
        : { score: typeof score === 'number' ? score : scores.filter((value) => typeof value === 'number') }),
      ...(expectedClass === undefined ? {} : { class: expectedClass }),
    },
    ...(typeof tolerance === 'number' ? { tolerance } : {}),
    ...(typeof why === 'string' ? { why } : {}),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
