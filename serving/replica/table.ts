import type { InferInput } from '../protocol/infer-request.ts';
import { inputValues } from '../protocol/input-tensor.ts';
import { type AssignableArm, assignedArm, shareOf, stableArm } from './assign.ts';
import type { Call, Parsed } from './call.ts';
import type { LogSchema } from '../lake/entry.ts';
import type { LoadedRevision } from './load-revision.ts';
import { type ArmOrder, type TableOrder, keyOf } from './messages.ts';
import { overriddenArm, overrideOf } from './override.ts';
import type { RemoteArm } from './remote-arm.ts';
import { ResponseCache } from './response-cache.ts';
import type { ShadowArm, ShadowArms } from './shadow-arms.ts';

/** An arm with what answers for it at this moment. */
export interface Arm extends AssignableArm {
  readonly version: string;
  readonly loaded: LoadedRevision | undefined;
  readonly remote: RemoteArm | undefined;
  /** How columns lie in its inputs, of arms without a lease: of what is loaded here, else as this process was told. */
  readonly packs: LogSchema['inputs'];
  /** Whether it may have private columns. */
  readonly withholds: boolean;
}

/** One model's table of arms in this process. */
export interface Table {
  readonly order: TableOrder;
  readonly arms: readonly Arm[];
  /** Arms that get copies of what the stable arm answers; mostly none. */
  readonly shadows: readonly ShadowArm[];
  /** Of what the arms of this process answered; mostly none. */
  readonly cache: ResponseCache | undefined;
  readonly known: ReadonlySet<string>;
  /** Nothing here can answer yet, but will when it has been loaded. */
  readonly isAsleep: boolean;
}

export function tableOf(
  order: TableOrder,
  loaded: ReadonlyMap<string, LoadedRevision>,
  /** By key, as `loaded`. */
  remotes: ReadonlyMap<string, RemoteArm>,
  shadows: Pick<ShadowArms, 'of'>,
  /** Of the table before this one: what is kept stays. */
  cache?: ResponseCache,
): Table {
  const arms = order.arms.map((arm) => armOf(order.model, arm, loaded, remotes));
  const known = new Set(order.knows);
  for (const arm of arms) for (const name of arm.loaded?.knows ?? []) known.add(name);
  const isAsleep = order.waits !== undefined && stableArm(arms) === undefined;
  return { order, arms, shadows: shadows.of(order), cache: cacheOf(order, cache), known, isAsleep };
}

function cacheOf({ cacheBytes = 0 }: TableOrder, before: ResponseCache | undefined): ResponseCache | undefined {
  if (cacheBytes === 0) return undefined;
  const cache = before ?? new ResponseCache(cacheBytes);
  cache.resize(cacheBytes);
  return cache;
}

function armOf(
  model: string,
  { revision, version, weight, leased, shadow, sockets, schema }: ArmOrder,
  loaded: ReadonlyMap<string, LoadedRevision>,
  remotes: ReadonlyMap<string, RemoteArm>,
): Arm {
  const key = keyOf(model, revision);
  const here = sockets === undefined ? loaded.get(key) : undefined;
  const remote = sockets === undefined ? undefined : remotes.get(key);
  return {
    revision,
    version,
    weight,
    leased,
    shadow: shadow === true,
    loaded: here,
    remote,
    packs: here === undefined ? (leased || shadow === true ? [] : (schema?.inputs ?? [])) : packsOf(here),
    withholds: here === undefined ? schema?.withheld === undefined || schema.withheld.length > 0 : withholds(here),
    available: here !== undefined || remote !== undefined,
  };
}

function packsOf({ records }: LoadedRevision): Arm['packs'] {
  return records.kind === 'signature' ? records.signature.inputs : [];
}

function withholds({ order }: LoadedRevision): boolean {
  return order.privateColumns.length > 0;
}

export function leaseLive({ order }: Table, nowMs: number): boolean {
  return order.leaseUntilMs !== undefined && nowMs < order.leaseUntilMs;
}

/** The arm for a call and, where that is another, the one that answers in its place when it cannot. */
export function chooseArm(
  table: Table,
  call: Call,
  parsed: Parsed,
): { readonly arm: Arm | undefined; readonly fallback: Arm | undefined } {
  const wanted = overrideOf(call);
  if (wanted !== undefined) return { arm: overriddenArm(table, wanted), fallback: undefined };
  const stable = stableArm(table.arms);
  const share = shareOf(table.order.salt, stickyKeyOf(table, call, parsed));
  const arm = assignedArm(table.arms, share, leaseLive(table, call.at));
  return { arm, fallback: arm === stable ? undefined : stable };
}

/** What sticks a caller to an arm: the header, the column of the first row, else the request's own id. */
function stickyKeyOf({ order, arms }: Table, call: Call, parsed: Parsed): string {
  const { sticky } = order;
  if (sticky === undefined) return call.id;
  if ('header' in sticky) {
    const header = call.headers[sticky.header.toLowerCase()];
    return header === undefined ? call.id : String(header);
  }
  const value =
    parsed.protocol === 'v1'
      ? parsed.request.instances[0]?.[sticky.column]
      : parsed.protocol === 'v2'
        ? valueOfColumn(sticky.column, parsed.request.inputs, arms)
        : undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : call.id;
}

/** A column's value in the first row of a tensor request, by the way the stable revision packs columns into inputs. */
function valueOfColumn(column: string, inputs: readonly InferInput[], arms: readonly Arm[]): unknown {
  for (const { packs } of arms) {
    const plan = packs.find(({ columns }) => columns.includes(column));
    const input = plan === undefined ? undefined : inputs.find(({ name }) => name === plan.name);
    if (plan === undefined || input === undefined) continue;
    const values = inputValues(input);
    const [first] = values;
    const row: readonly unknown[] = Array.isArray(first) ? first : values;
    return row[plan.columns.indexOf(column)];
  }
  const named = inputs.find(({ name }) => name === column);
  const [value] = named === undefined ? [] : inputValues(named);
  return Array.isArray(value) ? value[0] : value;
}
