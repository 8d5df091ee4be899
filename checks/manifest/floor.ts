import { tasksOf, type Task } from './metric-defaults.ts';
import type { Held } from './directions.ts';
import { type JudgedValues, judgedValuesOf } from './judged-values.ts';
import type { Manifest } from './manifest.ts';
import { segmentsOf, pointerOf } from './pointer.ts';
import type { Policy } from './policy.ts';
import { manifestUnder } from './policy-manifest.ts';
import { isMapping } from './schemas.ts';
import { tighteningOf } from './tightening.ts';

/** The strictest value so far, and who asks for it. */
export interface FloorValue {
  readonly value: Held;
  readonly from: 'the policy' | 'the default branch';
}
export type Floor = ReadonlyMap<string, FloorValue>;

/** What a proposal may only tighten: the strictest of the policy's defaults and the manifest on the default branch. */
export function floorOf(base: Manifest | undefined, policy: Policy, task: Task): Floor {
  const floor = new Map<string, FloorValue>();
  const add = (values: JudgedValues, from: FloorValue['from']) => {
    for (const [pointer, value] of values) {
      const before = floor.get(pointer);
      const { direction } = tighteningOf(pointer);
      if (before === undefined || direction.isLooser(value, before.value)) {
        floor.set(pointer, { value: direction.strictest(value, before?.value), from });
      }
    }
  };
  add(policyValuesOf(policy, task), 'the policy');
  if (base !== undefined) add(judgedValuesOf(base, task), 'the default branch');
  return floor;
}

/** Only what the policy says itself: Slipway's own defaults bind nobody. */
export function policyValuesOf(policy: Policy, task: Task): JudgedValues {
  const parsed = manifestUnder(policy);
  if (parsed.kind === 'refused')
    throw new Error(`a parsed policy has defaults that fit together: ${JSON.stringify(parsed.problems)}`);
  const said = new Set(pointersIn(policy.checks.defaults));
  const metric = /^\/evaluation\/metrics\/([^/]+)/;
  return new Map(
    [...judgedValuesOf(parsed.loaded.manifest, task)].filter(([pointer]) => {
      if (!said.has(pointer)) return false;
      const name = metric.exec(pointer)?.[1];
      return name === undefined || fits(name, task);
    }),
  );
}

/** A policy speaks for models of every task: a metric binds only those that it can measure. */
function fits(metric: string, task: Task): boolean {
  return tasksOf(metric).includes(task);
}

/** Every pointer of a document, list entries by their name as in `judgedValuesOf`. */
function pointersIn(value: unknown, segments: readonly string[] = []): readonly string[] {
  const own = pointerOf(segments);
  if (Array.isArray(value)) {
    return [
      own,
      ...value.flatMap((item: unknown) => {
        const name = isMapping(item) ? (item['name'] ?? item['column']) : item;
        const inner = pointersIn(item, [...segments, String(name)]);
        // A cohort column that is only named says that it has no bins.
        return typeof item === 'string' ? [...inner, pointerOf([...segments, item, 'bins'])] : inner;
      }),
    ];
  }
  if (!isMapping(value)) return [own];
  return [own, ...Object.entries(value).flatMap(([key, child]) => pointersIn(child, [...segments, key]))];
}

/** The nearest thing above a value that may itself be taken away: a metric, a cohort, the impact matrix. */
export function holderOf(pointer: string, floor: Floor): string | undefined {
  const segments = segmentsOf(pointer);
  const above = segments.map((_, index) => pointerOf(segments.slice(0, index))).toReversed();
  return above.find((candidate) => floor.get(candidate)?.value === true);
}
