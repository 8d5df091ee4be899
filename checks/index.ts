import { artifact } from './artifact.ts';
import { baselineCheck } from './baseline.ts';
import type { Check } from './check.ts';
import { cohortsCheck } from './cohorts.ts';
import { compliance } from './compliance.ts';
import { driftCheck } from './drift.ts';
import { explanation } from './explanation.ts';
import { golden } from './golden.ts';
import { judgedOnce, type CheckOnce } from './judged-once.ts';
import { manifestCheck } from './manifest-check.ts';
import { performanceCheck } from './performance.ts';
import { readinessCheck } from './readiness.ts';
import { replayCheck } from './replay.ts';
import { reproducibility } from './reproducibility.ts';

/** Checks that compare candidate and baseline on rows; changed evaluation data are put to them twice. */
const judgesOfRows: readonly Check[] = [baselineCheck, cohortsCheck];

/** Those that judge the evidence itself. */
export const judges: readonly CheckOnce[] = [
  manifestCheck(judgesOfRows),
  artifact,
  golden,
  ...judgesOfRows,
  replayCheck,
  reproducibility,
  driftCheck,
  performanceCheck,
  explanation,
  compliance,
].map(judgedOnce);

/** Every check, in the order in which a reader wants to hear of them; readiness reads what the others found. */
export const checks: readonly Check[] = [...judges, readinessCheck(judges)];
