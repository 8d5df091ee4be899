import { join } from 'node:path';
import type { Check } from '../checks/check.ts';
import type { CheckModel } from '../checks/check-model.ts';
import type { FleetDriver, FleetRecords } from '../serving/fleet.ts';
import { boundedSet } from './bounded-set.ts';
import { historyMemory } from './github/history.ts';
import type { ObjectStore } from './github/object-store.ts';
import type { Repository } from './github/request.ts';
import type { Place } from './intake.ts';
import { gitLedger } from './ledger/git-ledger.ts';
import type { Ledger, LedgerEvent } from './ledger/ledger.ts';
import type { LedgerKey } from './ledger/ledger-key.ts';
import { watchedLedger } from './ledger/watched-ledger.ts';
import type { ProposalParts } from './proposals/check-proposal.ts';
import { openRunsIn } from './proposals/open-runs.ts';
import { evaluate } from './proposals/evaluate.ts';
import type { Evaluation } from './rollouts/judge.ts';
import type { RepositoryRollouts } from './rollouts/create-rollouts.ts';
import type { Report } from '../checks/report/report.ts';

/** A repository with everything that Slipway knows of it and does for it. */
export interface Project {
  readonly place: Place;
  readonly repository: Repository;
  readonly ledger: Ledger;
  readonly rollouts: RepositoryRollouts;
  readonly proposals: ProposalParts;
}

/** What the projects of one App share. */
export interface Workshop {
  readonly appId: number;
  readonly fleet: FleetDriver & FleetRecords;
  readonly checkModel: CheckModel;
  readonly checks: readonly Check[];
  readonly store: ObjectStore;
  readonly ledgerKey: LedgerKey;
  readonly cacheFolder: string;
  readonly publicUrl?: string;
  readonly now: () => Date;
  readonly rollouts: RolloutsFactory;
  /** Told of what was written into the ledger, after it was. */
  readonly onLedger: (events: readonly LedgerEvent[]) => void;
}

/** Makes the rollouts of one repository. */
export type RolloutsFactory = (parts: {
  readonly place: Place;
  readonly repository: Repository;
  readonly ledger: Ledger;
  readonly evaluate: (evaluation: Evaluation, signal: AbortSignal) => Promise<Report>;
}) => RepositoryRollouts;

const RETRAININGS_REMEMBERED = 1000;

export function createProject(
  place: Place,
  repository: Repository & { readonly botLogin: string },
  workshop: Workshop,
): Project {
  const { store, ledgerKey: key, cacheFolder, now, appId, checks, checkModel, fleet, publicUrl } = workshop;
  const ledger = watchedLedger(gitLedger({ repository, key, store }), workshop.onLedger);
  const proposals: ProposalParts = {
    repository,
    appId,
    ledger,
    store,
    history: historyMemory(),
    retrainingsAsked: boundedSet(RETRAININGS_REMEMBERED),
    openRuns: openRunsIn(join(cacheFolder, 'open-runs', place.owner, place.repo)),
    fleet,
    checkModel,
    checkNames: checks.map(({ name }) => name),
    cacheFolder,
    now,
    ...(publicUrl === undefined ? {} : { publicUrl }),
  };
  const rollouts = workshop.rollouts({
    place,
    repository,
    ledger,
    evaluate: (evaluation, signal) => evaluate(proposals, evaluation, signal),
  });
  return { place, repository, ledger, rollouts, proposals };
}
