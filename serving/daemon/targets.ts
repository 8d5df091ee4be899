import type { Arm, Hold, ModelTarget, Provenance, RevisionTarget, SelfTest, Sticky } from '../fleet.ts';
import { Refusal, described } from '../protocol/refusal.ts';

/** The bodies of the admin API, parsed: a Refusal with status 400 names the first field that does not fit. */
export function parseRevisionTarget(body: unknown, model: string, revision: string): RevisionTarget {
  const value = objectAt(body, 'the body');
  if (value['model'] !== model) throw misfit('model', value['model'], `"${model}", as in the path`);
  if (value['revision'] !== revision) throw misfit('revision', value['revision'], `"${revision}", as in the path`);
  const files = objectAt(value['files'], 'files');
  return {
    model,
    revision,
    version: textAt(value['version'], 'version'),
    manifest: textAt(value['manifest'], 'manifest'),
    files: Object.fromEntries(Object.entries(files).map(([uri, sha256]) => [uri, digestAt(sha256, `files["${uri}"]`)])),
    selfTests: listAt(value['selfTests'] ?? [], 'selfTests').map(selfTestAt),
    provenance: provenanceAt(value['provenance']),
  };
}

export function parseModelPut(body: unknown): { readonly generation: number; readonly target: ModelTarget } {
  const value = objectAt(body, 'the body');
  const replicas = objectAt(value['replicas'], 'replicas');
  const target: ModelTarget = {
    arms: listAt(value['arms'], 'arms').map(armAt),
    ...(value['sticky'] === undefined ? {} : { sticky: stickyAt(value['sticky']) }),
    salt: textAt(value['salt'], 'salt'),
    replicas: {
      min: numberAt(replicas['min'], 'replicas.min'),
      max: numberAt(replicas['max'], 'replicas.max'),
      target: numberAt(replicas['target'], 'replicas.target'),
    },
    ...(value['cacheBytes'] === undefined ? {} : { cacheBytes: numberAt(value['cacheBytes'], 'cacheBytes') }),
    ...(value['retentionMs'] === undefined ? {} : { retentionMs: numberAt(value['retentionMs'], 'retentionMs') }),
    ...(value['held'] === undefined ? {} : { held: holdAt(value['held']) }),
    ...(value['state'] === undefined ? {} : { state: value['state'] }),
  };
  return { generation: numberAt(value['generation'], 'generation'), target };
}

/** No control plane should be able to die and leave a candidate with its share for longer than this. */
const LONGEST_LEASE_SECONDS = 3_600;

export function parseLease(body: unknown): { readonly generation: number; readonly seconds: number } {
  const value = objectAt(body, 'the body');
  const seconds = numberAt(value['seconds'], 'seconds');
  if (!(seconds > 0 && seconds <= LONGEST_LEASE_SECONDS))
    throw misfit('seconds', seconds, `more than 0 and at most ${LONGEST_LEASE_SECONDS}`);
  return { generation: numberAt(value['generation'], 'generation'), seconds };
}

function armAt(value: unknown, index: number): Arm {
  const at = `arms[${index}]`;
  const arm = objectAt(value, at);
  return {
    revision: textAt(arm['revision'], `${at}.revision`),
    weight: numberAt(arm['weight'], `${at}.weight`),
    ...(arm['shadow'] === undefined ? {} : { shadow: truthAt(arm['shadow'], `${at}.shadow`) }),
    ...(arm['leased'] === undefined ? {} : { leased: truthAt(arm['leased'], `${at}.leased`) }),
  };
}

function stickyAt(value: unknown): Sticky {
  const sticky = objectAt(value, 'sticky');
  if (typeof sticky['header'] === 'string') return { header: sticky['header'] };
  if (typeof sticky['column'] === 'string') return { column: sticky['column'] };
  throw misfit('sticky', value, '{"header": …} or {"column": …}');
}

function holdAt(value: unknown): Hold {
  const hold = objectAt(value, 'held');
  return {
    by: textAt(hold['by'], 'held.by'),
    because: textAt(hold['because'], 'held.because'),
    since: textAt(hold['since'], 'held.since'),
    ...(hold['quarantined'] === undefined ? {} : { quarantined: textAt(hold['quarantined'], 'held.quarantined') }),
  };
}

function selfTestAt(value: unknown, index: number): SelfTest {
  const at = `selfTests[${index}]`;
  const test = objectAt(value, at);
  const score = test['score'];
  return {
    record: objectAt(test['record'], `${at}.record`),
    score: Array.isArray(score)
      ? score.map((each, k) => numberAt(each, `${at}.score[${k}]`))
      : numberAt(score, `${at}.score`),
    tolerance: numberAt(test['tolerance'], `${at}.tolerance`),
  };
}

function provenanceAt(value: unknown): Provenance {
  const provenance = objectAt(value ?? {}, 'provenance');
  return {
    ...(provenance['repository'] === undefined
      ? {}
      : { repository: textAt(provenance['repository'], 'provenance.repository') }),
    ...(provenance['commit'] === undefined ? {} : { commit: textAt(provenance['commit'], 'provenance.commit') }),
    ...(provenance['pullRequest'] === undefined
      ? {}
      : { pullRequest: numberAt(provenance['pullRequest'], 'provenance.pullRequest') }),
    approvals: listAt(provenance['approvals'] ?? [], 'provenance.approvals').map((each, k) =>
      textAt(each, `provenance.approvals[${k}]`),
    ),
    checks: listAt(provenance['checks'] ?? [], 'provenance.checks').map((each, k) => {
      const check = objectAt(each, `provenance.checks[${k}]`);
      return {
        name: textAt(check['name'], `provenance.checks[${k}].name`),
        conclusion: textAt(check['conclusion'], `provenance.checks[${k}].conclusion`),
      };
    }),
    ...(provenance['unchecked'] === undefined
      ? {}
      : { unchecked: truthAt(provenance['unchecked'], 'provenance.unchecked') }),
  };
}

function misfit(at: string, value: unknown, expected: string): Refusal {
  return new Refusal(400, `${at} must be ${expected}, found ${described(value)}`);
}

function objectAt(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw misfit(at, value, 'an object');
}

function listAt(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw misfit(at, value, 'a list');
}

function textAt(value: unknown, at: string): string {
  if (typeof value === 'string') return value;
  throw misfit(at, value, 'text');
}

function numberAt(value: unknown, at: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw misfit(at, value, 'a number');
}

function truthAt(value: unknown, at: string): boolean {
  if (typeof value === 'boolean') return value;
  throw misfit(at, value, 'true or false');
}

function digestAt(value: unknown, at: string): string {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return value;
  throw misfit(at, value, '64 lowercase hex digits');
}
