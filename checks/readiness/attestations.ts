import type { Evidence } from '../evidence/evidence.ts';
import type { Manifest } from '../manifest/manifest.ts';

type Attestation = Manifest['attest'][number];

/** What somebody's word for a test is worth today. */
export type Attested =
  | { readonly kind: 'none' }
  | { readonly kind: 'valid'; readonly attestation: Attestation; readonly until: string; readonly index: number }
  /** It is there and does not count, and why. */
  | { readonly kind: 'void'; readonly attestation: Attestation; readonly why: string; readonly index: number };

/** How long somebody's word counts, unless `until` says otherwise. */
export const ATTESTATION_DAYS = 365;

/** The newest attestation of a test that counts; else the newest that does not. Dates are calendar days in UTC, both ends included. */
export function attestedFor(test: string, attest: Manifest['attest'], today: string | undefined): Attested {
  const own = attest
    .map((attestation, index) => ({ attestation, index }))
    .filter(({ attestation }) => attestation.test === test)
    .toSorted((a, b) => b.attestation.on.localeCompare(a.attestation.on))
    .map(({ attestation, index }) => worth(attestation, index, today));
  return own.find(({ kind }) => kind === 'valid') ?? own[0] ?? { kind: 'none' };
}

function worth(attestation: Attestation, index: number, today: string | undefined): Attested {
  const until = attestation.until ?? daysAfter(attestation.on, ATTESTATION_DAYS);
  const voided = (why: string): Attested => ({ kind: 'void', attestation, why, index });
  if (today === undefined) return voided('nobody said which day it is');
  if (attestation.on > today) return voided(`it is dated ${attestation.on}, which is yet to come`);
  if (until < today) return voided(`it expired on ${until}`);
  return { kind: 'valid', attestation, until, index };
}

function daysAfter(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, day.length);
}

type ContinuousIntegration = NonNullable<NonNullable<Evidence['governance']>['continuousIntegration']>[number];

/** What the check run or status that an attestation names says of this commit. */
export type Automation =
  | { readonly kind: 'succeeded'; readonly run: ContinuousIntegration }
  | { readonly kind: 'not'; readonly why: string };

/** Undefined when the attestation names none. */
export function automationOf({ check }: Attestation, { governance }: Evidence): Automation | undefined {
  if (check === undefined) return undefined;
  const runs = governance?.continuousIntegration;
  if (runs === undefined)
    return { kind: 'not', why: `there is no commit on GitHub here whose check ${check} could be asked` };
  const run = runs.find(({ name }) => name === check);
  if (run === undefined) {
    const known = runs.length === 0 ? 'it has none' : `it has ${runs.map(({ name }) => name).join(', ')}`;
    return { kind: 'not', why: `this commit has no check ${check} (${known})` };
  }
  return run.conclusion === 'success'
    ? { kind: 'succeeded', run }
    : { kind: 'not', why: `the check ${check} of this commit says ${run.conclusion}` };
}
