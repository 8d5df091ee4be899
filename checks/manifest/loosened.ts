import type { Finding, MeasuredValue } from '../report/report.ts';
import { type Held, isList } from './directions.ts';
import { durationText } from './duration.ts';
import { type Floor, floorOf, holderOf } from './floor.ts';
import { judgedValuesOf, taskOf } from './judged-values.ts';
import type { LoadedManifest, Manifest } from './manifest.ts';
import type { Task } from './metric-defaults.ts';
import { dottedOf, idOf, pointerOf, segmentsOf } from './pointer.ts';
import type { Policy } from './policy.ts';
import { tighteningOf } from './tightening.ts';

/** One value that a proposal loosened. */
export interface Loosening {
  readonly id: string;
  readonly pointer: string;
  readonly before: Held;
  /** Undefined when it was taken away. */
  readonly after: Held | undefined;
  readonly from: 'the policy' | 'the default branch';
}

/** Every field that a proposal loosens against the strictest of policy and default branch. */
export function looseningsOf(
  proposal: Manifest,
  base: Manifest | undefined,
  policy: Policy,
  task?: Task,
): readonly Loosening[] {
  const known = task ?? taskOf(base, proposal);
  return looseningsUnder(proposal, floorOf(base, policy, known), known);
}

export function looseningsUnder(proposal: Manifest, floor: Floor, task: Task): readonly Loosening[] {
  const values = judgedValuesOf(proposal, task);
  return [...floor].flatMap(([pointer, { value: before, from }]): readonly Loosening[] => {
    const after = values.get(pointer);
    if (!tighteningOf(pointer).direction.isLooser(before, after)) return [];
    const holder = holderOf(pointer, floor);
    const isGoneWithHolder = holder !== undefined && values.get(holder) !== true;
    return isGoneWithHolder ? [] : [{ id: `manifest/loosened/${idOf(pointer)}`, pointer, before, after, from }];
  });
}

/** `manifest/loosened`: a proposal may only tighten. One finding a field; one pass with the count when there is none. */
export function loosenedFindings(
  proposal: LoadedManifest,
  base: LoadedManifest | undefined,
  policy: Policy,
  task?: Task,
): readonly Finding[] {
  const known = task ?? taskOf(base?.manifest, proposal.manifest);
  const floor = floorOf(base?.manifest, policy, known);
  const loosenings = looseningsUnder(proposal.manifest, floor, known);
  if (loosenings.length > 0) return loosenings.map((loosening) => findingOf(loosening, proposal));
  if (floor.size === 0) {
    const reason = 'there is no manifest on the default branch and the policy has no defaults: nothing can be loosened';
    return [
      {
        id: 'manifest/loosened',
        verdict: 'pass',
        severity: 'blocking',
        reason,
        measured: { compared: 0, loosened: 0 },
      },
    ];
  }
  const reason = `none of the ${floor.size} values that judge this model is looser than before`;
  return [
    {
      id: 'manifest/loosened',
      verdict: 'pass',
      severity: 'blocking',
      reason,
      measured: { compared: floor.size, loosened: 0 },
    },
  ];
}

function findingOf({ id, pointer, before, after, from }: Loosening, proposal: LoadedManifest): Finding {
  const what = dottedOf(pointer);
  const held = before === true || after === undefined;
  const now = after === undefined ? `${what} is gone` : `${what} is ${textOfHeld(pointer, after)}`;
  const was = before === true ? `it stands in ${from}` : `${textOfHeld(pointer, before)} by ${from}`;
  const change = held
    ? `${now}, and ${was}`
    : `${what} goes from ${textOfHeld(pointer, before)} (${from}) to ${textOfHeld(pointer, after)}`;
  return {
    id,
    verdict: 'fail',
    severity: 'blocking',
    reason: `${change}: ${tighteningOf(pointer).may}`,
    measured: { field: what, before: measuredOf(before), after: after === undefined ? null : measuredOf(after), from },
    at: proposal.place(writtenPointerOf(pointer, proposal.manifest)),
    next: `put it back, or have it waived: /waive ${id} until DATE because …`,
  };
}

/** Where a value that is held by name stands in the file: `/evaluation/metrics/roc_auc/min` → `/evaluation/metrics/0/min`. */
function writtenPointerOf(pointer: string, manifest: Manifest): string {
  const [section, list, name = '', ...rest] = segmentsOf(pointer);
  const listed: Readonly<Record<string, readonly string[]>> = {
    'evaluation/metrics': manifest.evaluation.metrics.map((rule) => rule.name),
    'evaluation/cohorts': manifest.evaluation.cohorts.map(({ column }) => column),
    'impact/personalData': manifest.impact?.personalData ?? [],
    'impact/mitigations': manifest.impact?.mitigations ?? [],
  };
  const names = listed[`${section}/${list}`];
  if (names === undefined || section === undefined || list === undefined) return pointer;
  const index = names.indexOf(name);
  return index === -1 ? `/${section}/${list}` : pointerOf([section, list, index, ...rest]);
}

function textOfHeld(pointer: string, held: Held): string {
  if (typeof held === 'number' && (pointer === '/drift/window' || pointer === '/impact/retention'))
    return durationText(held);
  if (typeof held !== 'object') return String(held);
  if (isList(held)) return `[${held.join(', ')}]`;
  const { absolute, relative } = held;
  const parts = [
    ...(absolute === undefined ? [] : [String(absolute)]),
    ...(relative === undefined ? [] : [`${Number((relative * 100).toPrecision(12))} % of the baseline's value`]),
  ];
  return parts.join(' and ');
}

function measuredOf(held: Held): MeasuredValue {
  if (typeof held !== 'object' || isList(held)) return held;
  const { absolute = null, relative = null } = held;
  return { absolute, relative };
}

/** Whether the proposal is judged on other rows than the default branch; a file that only moved is the same. */
export function evaluationChanged(proposal: Manifest, base: Manifest): boolean {
  return proposal.evaluation.data.sha256 !== base.evaluation.data.sha256;
}
