import type { Provenance } from '../../serving/fleet.ts';
import type { FleetView, ModelRoomView, ModelView, VersionView } from '../dashboard/views.ts';
import type { LedgerLine } from '../ledger/ledger.ts';
import { quarantinesOf } from '../rollouts/past.ts';

/** What the model's room shows, from what the fleet says and what the ledger remembers. */
export function modelRoomOf(asked: {
  readonly view: FleetView;
  readonly model: ModelView;
  readonly lines: readonly LedgerLine[];
  readonly record: Readonly<Record<string, unknown>> | undefined;
  readonly fleetUrl: string | undefined;
}): ModelRoomView {
  const { view, model, record, fleetUrl } = asked;
  const lines = asked.lines.filter((line) => line.model === model.model);
  return {
    at: view.at,
    repository: model.repository,
    fleet: view.fleet,
    model,
    owners: [],
    versions: versionsOf(model, lines),
    weights: weightsOf(lines, model),
    history: lines.toReversed(),
    ...(fleetUrl === undefined || record === undefined ? {} : { ask: { http: fleetUrl, record } }),
  };
}

/** Every revision that the ledger or the fleet knows, newest first. */
function versionsOf(model: ModelView, lines: readonly LedgerLine[]): readonly VersionView[] {
  const found = new Map<string, VersionView>();
  const quarantines = quarantinesOf(lines, model.model);
  for (const line of lines) {
    const { revision, version, commit, pullRequest, report, kind, at } = line;
    if (revision === undefined || version === undefined) continue;
    const before = found.get(revision);
    if (before === undefined && !deployedKinds.has(kind)) continue;
    const observed = model.observed?.revisions.find((each) => each.revision === revision);
    const quarantine = quarantines.get(revision);
    const allowedBy = report ?? before?.report;
    const mergedAt = before?.mergedAt ?? at;
    found.set(revision, {
      version,
      revision,
      ...(observed === undefined ? {} : { digest: observed.digest }),
      ...(commit === undefined ? {} : { commit }),
      ...(pullRequest === undefined ? {} : { pullRequest }),
      state: quarantine === undefined ? stateOf(model, revision) : 'quarantined',
      provenance:
        observed?.provenance ?? provenanceOf(line, kind === 'adopted' || before?.provenance.unchecked === true),
      mergedAt,
      ...(allowedBy === undefined ? {} : { report: allowedBy }),
      ...(quarantine === undefined ? {} : { because: quarantine.because }),
    });
  }
  return [...found.values()].toReversed();
}

const deployedKinds: ReadonlySet<LedgerLine['kind']> = new Set([
  'adopted',
  'rollout-started',
  'promoted',
  'aborted',
  'rolled-back',
]);

function stateOf({ observed, rollout, previous }: ModelView, revision: string): VersionView['state'] {
  const weight = observed?.effective.find((each) => each.revision === revision)?.weight ?? 0;
  if (rollout?.to.revision === revision && weight < fullWeight) return 'rolling';
  if (weight > 0) return 'running';
  if (previous?.revision === revision) return 'warm';
  return observed?.revisions.some((each) => each.revision === revision) === true ? 'known' : 'retired';
}

const fullWeight = 100;

function provenanceOf({ commit, pullRequest }: LedgerLine, unchecked: boolean): Provenance {
  return {
    ...(commit === undefined ? {} : { commit }),
    ...(pullRequest === undefined ? {} : { pullRequest }),
    approvals: [],
    checks: [],
    ...(unchecked ? { unchecked } : {}),
  };
}

/** Shares over time, as the ledger's steps tell them. */
function weightsOf(lines: readonly LedgerLine[], model: ModelView): ModelRoomView['weights'] {
  let stable: { readonly revision: string; readonly version: string } | undefined;
  const told: ModelRoomView['weights'][number][] = [];
  const all = (at: string, one: { readonly revision: string; readonly version: string }): void => {
    stable = one;
    told.push({ at, arms: [{ ...one, weight: fullWeight }] });
  };
  for (const { kind, at, revision, version, data } of lines) {
    if (revision === undefined || version === undefined) continue;
    const one = { revision, version };
    if (kind === 'adopted' || kind === 'promoted') all(at, one);
    const weight = data?.['weight'];
    if (kind === 'rollout-step' && typeof weight === 'number' && stable !== undefined && weight < fullWeight)
      told.push({
        at,
        arms: [
          { ...stable, weight: fullWeight - weight },
          { ...one, weight },
        ],
      });
    if (kind === 'aborted' && stable !== undefined) all(at, stable);
    const now = model.observed?.effective.find((each) => each.weight === fullWeight)?.revision;
    const back = model.observed?.revisions.find((each) => each.revision === now);
    if (kind === 'rolled-back' && back !== undefined) all(at, { revision: back.revision, version: back.version });
  }
  return told;
}
