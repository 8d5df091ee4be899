import { type RowExplanation, UnknownClass, explainRow } from '../../checks/explain/explain-row.ts';
import { type ToldExplanation, explanationJson } from '../../checks/explain/explanation-json.ts';
import { domainFlagsOf } from '../model/domain.ts';
import { problemText } from '../model/feeds.ts';
import { tableOfRecords } from '../model/records.ts';
import { sliceRows } from '../model/rows.ts';
import type { ScoreMapping } from '../model/score.ts';
import type { Signature } from '../model/signature.ts';
import type { Table as DataTable } from '../model/table.ts';
import { Refusal } from '../protocol/refusal.ts';
import type { LoadedRevision } from '../replica/load-revision.ts';
import { answerRowsOf } from './answer-rows.ts';
import type { ExplainWish } from './explain-request.ts';
import { type ReadBackground, readBackground } from './read-background.ts';

/**
 * Explains answers of the revisions that a process runs, beside the predictions it is there for: never more than a few explanations at once, in short
 * runs between which predictions have their turn, each within the time that its caller gave.
 */
export class Explainer {
  readonly #backgrounds = new WeakMap<LoadedRevision, Promise<ReadBackground>>();
  #underWay = 0;
  /** Requests that were answered. */
  answered = 0;

  /** Rejects with a Refusal: 400 for records that do not fit, 422 where the revision cannot be explained, 429 where too many are under way. */
  async explain(
    loaded: LoadedRevision,
    records: readonly Readonly<Record<string, unknown>>[],
    wish: ExplainWish,
    signal: AbortSignal,
  ): Promise<Explained> {
    if (this.#underWay >= MOST_AT_ONCE)
      throw new Refusal(429, `${MOST_AT_ONCE} explanations are under way in this process`, {
        retryAfterSeconds: Math.ceil(wish.budgetMs / SECOND_MS),
      });
    this.#underWay += 1;
    try {
      const explained = await this.#explain(loaded, records, wish, signal);
      this.answered += 1;
      return explained;
    } finally {
      this.#underWay -= 1;
    }
  }

  async #explain(
    loaded: LoadedRevision,
    records: readonly Readonly<Record<string, unknown>>[],
    wish: ExplainWish,
    signal: AbortSignal,
  ): Promise<Explained> {
    const startedMs = performance.now();
    const { signature, mapping } = explainable(loaded);
    const names = signature.columns.map(({ name }) => name);
    const unknown = wish.columns?.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new Refusal(400, `columns: the model takes no column "${unknown}"; it takes ${names.join(', ')}`);
    const table = tableOf(signature, records);
    const background = await this.#backgroundOf(loaded, signature);
    const rows: ExplainedRow[] = [];
    const flags = domainFlagsOf(loaded.order.specification.columns, table, MOST_FLAGS);
    for (let row = 0; row < table.rows; row++) {
      signal.throwIfAborted();
      const leftMs = wish.budgetMs - (performance.now() - startedMs);
      const told = await explainedRow(
        loaded,
        { signature, mapping, background, wish },
        sliceRows(table, row, row + 1),
        {
          timeMs: Math.max(LEAST_MS, leftMs / (table.rows - row)),
          signal,
        },
      );
      const own = flags
        .filter((flag) => flag.row === row)
        .map(({ column, expected }) => `${column}: outside ${expected}`);
      rows.push({ ...told, flags: [...told.flags, ...own] });
    }
    return { rows, background: background.digest, elapsedMs: performance.now() - startedMs };
  }

  /** Read once, when it is asked for first; again where that failed. */
  #backgroundOf(loaded: LoadedRevision, signature: Signature): Promise<ReadBackground> {
    const known = this.#backgrounds.get(loaded);
    if (known !== undefined) return known;
    const { model, version, background, privateColumns } = loaded.order;
    const hidden = signature.columns.find(({ name }) => privateColumns.includes(name));
    if (background === undefined)
      return Promise.reject(
        new Refusal(
          422,
          `model "${model}" ${version} was handed over without rows to explain against${
            hidden === undefined
              ? ': its evaluation data could not be read then; roll it out, or serve it, with them'
              : `: it takes "${hidden.name}", which is pii, and no sample of that is kept`
          }`,
        ),
      );
    const read = readBackground(background, signature).catch((cause: unknown) => {
      this.#backgrounds.delete(loaded);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Refusal(422, `the rows that model "${model}" ${version} is explained against cannot be used: ${why}`);
    });
    this.#backgrounds.set(loaded, read);
    return read;
  }
}

/** What an explanation says of one row; without contributions where none hold, and why. */
export type ExplainedRow = (
  | ToldExplanation
  | (Omit<ToldExplanation, 'columns' | 'others' | 'score'> & { readonly score: number | null; readonly error: string })
) & { readonly flags: readonly string[] };

export interface Explained {
  readonly rows: readonly ExplainedRow[];
  /** `sha256:…` of the background as it was handed over. */
  readonly background: string;
  readonly elapsedMs: number;
}

/** Their runs take turns in one process: more would only make each of them coarser. */
const MOST_AT_ONCE = 2;
const MOST_FLAGS = 1000;
const SECOND_MS = 1000;
/** The last of several rows is explained too, however coarsely. */
const LEAST_MS = 5;
/** Composing a table holds the event loop as a run does. */
const ROWS_AT_ONCE = 256;
/** A background row at least is explained wholly, which a slow model may take longer for than its caller gave. */
const GRACE_MS = 10_000;

function explainable({ order, records, score }: LoadedRevision): {
  readonly signature: Signature;
  readonly mapping: ScoreMapping;
} {
  const name = `model "${order.model}" ${order.version}`;
  if (records.kind === 'none')
    throw new Refusal(422, `${name} takes tensors only, and columns are what is explained: ${records.why}`);
  if (score === undefined) throw new Refusal(422, `${name} cannot be explained: no output is its score`);
  return { signature: records.signature, mapping: score };
}

function tableOf(signature: Signature, records: readonly Readonly<Record<string, unknown>>[]): DataTable {
  const read = tableOfRecords(signature, records);
  if (read.kind === 'table') return read.table;
  const unservable = signature.columns.some(({ name }) => records.some((record) => !Object.hasOwn(record, name)));
  throw new Refusal(400, `instances: ${read.problems.map(problemText).join('; ')}`, { unservable });
}

async function explainedRow(
  loaded: LoadedRevision,
  {
    signature,
    mapping,
    background,
    wish,
  }: {
    readonly signature: Signature;
    readonly mapping: ScoreMapping;
    readonly background: ReadBackground;
    readonly wish: ExplainWish;
  },
  row: DataTable,
  { timeMs, signal }: { readonly timeMs: number; readonly signal: AbortSignal },
): Promise<ExplainedRow> {
  const deadline = performance.now() + timeMs + GRACE_MS;
  const { columns, ofClass } = wish;
  try {
    const found = await explainRow(answerRowsOf(loaded, { signature, mapping, deadline }), signature, {
      background: background.table,
      row,
      budget: { rows: MOST_ROWS, timeMs, rowsAtOnce: ROWS_AT_ONCE, signal },
      ...(ofClass === undefined ? {} : { ofClass }),
    });
    return toldRow({ ...found, dataRows: background.dataRows }, columns);
  } catch (error) {
    if (error instanceof UnknownClass) throw new Refusal(400, `class: ${error.message}`);
    throw error;
  }
}

/** Beyond this nothing that anyone reads changes. */
const MOST_ROWS = 500_000;

/** Contributions are told only where they hold. */
function toldRow(explanation: RowExplanation, columns: readonly string[] | undefined): ExplainedRow {
  const { score, additivity } = explanation;
  const told = explanationJson(explanation, columns === undefined ? undefined : new Set(columns));
  const { columns: _, others: __, ...rest } = told;
  if (!Number.isFinite(score))
    return { ...rest, score: null, error: 'the score is not a finite number, which cannot be explained', flags: [] };
  if (!additivity.holds)
    return {
      ...rest,
      error: `what the columns contribute adds up to ${additivity.sum}, and the score lies ${additivity.expected} from the mean of the background: the answers differ from run to run, or depend on what a row is batched with, and no explanation of one row holds`,
      flags: [],
    };
  return { ...told, flags: [] };
}
