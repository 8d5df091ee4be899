import { Refusal } from '../protocol/refusal.ts';
import type { Call, Reply } from '../replica/call.ts';
import type { LoadedRevision } from '../replica/load-revision.ts';
import type { Told } from '../replica/messages.ts';
import { versionArm } from '../replica/serve-call.ts';
import { type Arm, type Table, chooseArm } from '../replica/table.ts';
import type { ExplainPredictionRequest, ExplainRequest } from './explain-request.ts';
import type { Explainer } from './explainer.ts';
import { agrees, answeredRow, loggedPredictionOf, recordOf } from './logged-prediction.ts';

/** What explaining touches of a replica. */
export interface Explaining {
  readonly explainer: Explainer;
  /** Of a model that rests, once it is awake. */
  readonly table: (model: string) => Promise<Table | undefined>;
  /** A revision of this process, whether or not an arm runs it. */
  readonly loaded: (model: string, revision: string) => LoadedRevision | undefined;
  readonly lookUp: (id: string) => Promise<Told>;
  /** Aborts when the caller has gone. */
  readonly signal: AbortSignal;
}

/**
 * Explains records by the arm that would answer them: the same choice as for a prediction, the stable arm in place of one that lacks an input. What is
 * explained is no prediction: it is neither logged nor counted for an arm.
 */
export async function explainCall(call: Call, request: ExplainRequest, explaining: Explaining): Promise<Reply> {
  const table = await explaining.table(call.model);
  if (table === undefined) throw new Refusal(404, `Request for unknown model: '${call.model}' is not found`);
  const { arm, fallback } =
    call.version === undefined ? chooseArm(table, call, { protocol: 'v1', request }) : versionArm(table, call.version);
  if (arm === undefined)
    throw new Refusal(503, `Request for unknown model: '${call.model}' has no available versions`, {
      retryAfterSeconds: 1,
    });
  try {
    return await explainedBy(arm, call, request, explaining);
  } catch (error) {
    if (fallback === undefined || !(error instanceof Refusal && error.unservable)) throw error;
    return explainedBy(fallback, call, request, explaining);
  }
}

async function explainedBy(
  arm: Arm,
  call: Call,
  request: ExplainRequest,
  { explainer, signal }: Explaining,
): Promise<Reply> {
  if (arm.loaded === undefined) return relayed(arm, call);
  const { rows, background, elapsedMs } = await explainer.explain(arm.loaded, request.instances, request, signal);
  const { model, version, revision } = arm.loaded.order;
  return replyOf(arm.loaded, {
    id: call.id,
    model,
    version,
    revision,
    explanations: rows,
    background: { digest: background },
    budgetMs: request.budgetMs,
    elapsedMs,
  });
}

/** Explains a prediction that was recorded, by the very revision that made it. */
export async function explainPrediction(
  call: Call,
  id: string,
  request: ExplainPredictionRequest,
  explaining: Explaining,
): Promise<Reply> {
  const logged = loggedPredictionOf(await explaining.lookUp(id));
  const { model, version, revision } = logged;
  const row = answeredRow(logged, request.row);
  const arms = (await explaining.table(model))?.arms ?? [];
  const loaded = explaining.loaded(model, revision);
  if (loaded === undefined) {
    const arm = arms.find((each) => each.revision === revision && each.remote !== undefined);
    if (arm !== undefined) return relayed(arm, call);
    const next = '`slipway explain ID --fleet URL --manifest MANIFEST` explains it from the repository';
    throw logged.provenance === null
      ? new Refusal(
          410,
          `prediction ${id} was made by ${model} ${version}, revision ${revision}, which this fleet has let go; ${next}`,
        )
      : new Refusal(
          409,
          `prediction ${id} was made by ${model} ${version}, revision ${revision}, which this fleet knows and does not run now; ${next}`,
        );
  }
  const columns = loaded.records.kind === 'signature' ? loaded.records.signature.columns : [];
  const record = recordOf(
    logged,
    row,
    columns.map(({ name }) => name),
    loaded.order.privateColumns,
  );
  const { rows, background, elapsedMs } = await explaining.explainer.explain(
    loaded,
    [record],
    request,
    explaining.signal,
  );
  const [explanation] = rows;
  if (explanation === undefined) throw new Error('one row was asked for, and none was explained');
  const recorded = {
    score: row.score,
    class: row.class,
    agrees: explanation.score !== null && agrees(row, { ...explanation, score: explanation.score }),
  };
  return replyOf(loaded, {
    id,
    model,
    version,
    revision,
    row: request.row,
    recorded,
    explanation,
    background: { digest: background },
    budgetMs: request.budgetMs,
    elapsedMs,
  });
}

function relayed({ remote, revision }: Arm, call: Call): Promise<Reply> {
  if (remote === undefined) throw new Refusal(503, `revision ${revision} is not loaded here`, { retryAfterSeconds: 1 });
  return remote.ask(call);
}

function replyOf({ order }: LoadedRevision, body: unknown): Reply {
  return {
    body: () => ({ text: JSON.stringify(body) }),
    revision: order.revision,
    version: order.version,
    flags: [],
    rows: 0,
  };
}
