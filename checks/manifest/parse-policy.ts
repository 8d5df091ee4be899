import type { Place } from '../report/report.ts';
import { durationMs } from './duration.ts';
import { dottedOf, idOf } from './pointer.ts';
import type { Policy } from './policy.ts';
import { manifestUnder } from './policy-manifest.ts';
import type * as document from './policy-document.generated.ts';
import type { Problem } from './problem.ts';
import { readDocument } from './read-document.ts';
import { withDefaults } from './schema-defaults.ts';
import { isMapping, recordOf, schemas } from './schemas.ts';
import type { YamlDocument } from './yaml-document.ts';

export interface LoadedPolicy {
  readonly policy: Policy;
  /** JSON pointer → value, of every default that Slipway chose. */
  readonly defaults: Readonly<Record<string, unknown>>;
  place(pointer: string): Place;
}
export type ParsedPolicy =
  | { readonly kind: 'parsed'; readonly loaded: LoadedPolicy }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

/** Where the policy stands in a repository. */
export const policyPath = '.github/slipway.yml';

/** The repository's policy with every default filled in, or every problem with its place. An empty file is the default policy. */
export function parsePolicy(source: string, path: string): ParsedPolicy {
  const read = readDocument(isBlank(source) ? '{}' : source, path, 'policy', 'policy');
  if (read.kind === 'refused') return read;
  const used = new Map<string, unknown>();
  const filled = withDefaults(schemas.policy, withoutManifestDefaults(read.value), used);
  // The schema holds and the defaults are filled in: this is the one place where that becomes a type.
  const raw = filled as document.PolicyDocument;
  const order = orderOf(raw.fleets);
  const problems = [...order.problems, ...freezeProblems(raw)].map((problem) => placed(problem, read));
  const defaults = recordOf(recordOf(recordOf(read.value)['checks'])['defaults']);
  const inDefaults = problems.length > 0 ? [] : defaultsProblems(policyOf(raw, order.names, defaults), read);
  if (problems.length + inDefaults.length > 0) return { kind: 'refused', problems: [...problems, ...inDefaults] };
  const policy = policyOf(raw, order.names, defaults);
  return {
    kind: 'parsed',
    loaded: { policy, defaults: Object.fromEntries(used), place: (pointer) => read.place(pointer) },
  };
}

/** Nothing but comments and document starts. What only looks empty to a YAML parser (a broken directive) is not. */
function isBlank(source: string): boolean {
  return source.split('\n').every((line) => /^\uFEFF?\s*(#.*|---\s*(#.*)?)?$/.test(line));
}

/** Defaults for manifests stay as they were written: a manifest's own defaults come after them. */
function withoutManifestDefaults(value: unknown): unknown {
  const root = recordOf(value);
  if (!isMapping(root['checks'])) return root;
  const { defaults: _, ...checks } = root['checks'];
  return { ...root, checks };
}

function policyOf(
  raw: document.PolicyDocument,
  fleets: readonly string[],
  defaults: Readonly<Record<string, unknown>>,
): Policy {
  return {
    models: raw.models,
    artifactHosts: raw.artifactHosts.map((host) => host.toLowerCase()),
    limits: raw.limits,
    checks: { ...raw.checks, defaults },
    approvals: raw.approvals,
    permissions: { ...raw.permissions },
    revert: raw.revert,
    freeze: raw.freeze,
    fleets: fleets.flatMap((name) => {
      const fleet = raw.fleets[name];
      if (fleet === undefined) return [];
      const { driver, after, bake, ...options } = fleet;
      return [{ name, driver, ...(after === undefined ? {} : { after }), bakeMs: ms(bake), options }];
    }),
    retention: { predictionsMs: ms(raw.retention.predictions) },
    prune: raw.prune,
  };
}

interface Unplaced {
  readonly pointer: string;
  readonly reason: string;
  readonly found: string;
  readonly expected: string;
}

function placed(problem: Unplaced, places: YamlDocument): Problem {
  const { pointer, reason, found, expected } = problem;
  const sentence = `${dottedOf(pointer)} ${reason}; expected ${expected}`;
  return {
    id: `policy/schema/${idOf(pointer)}`,
    reason: sentence,
    at: places.place(pointer),
    pointer,
    found,
    expected,
  };
}

/** Fleets in the order of promotion: one chain of `after`, its end is production. */
function orderOf(fleets: Readonly<Record<string, document.Fleet>>): {
  readonly names: readonly string[];
  readonly problems: readonly Unplaced[];
} {
  const names = Object.keys(fleets);
  const unknown = names.flatMap((name): readonly Unplaced[] => {
    const after = fleets[name]?.after;
    if (after === undefined || names.includes(after)) return [];
    return [
      {
        pointer: `/fleets/${name}/after`,
        reason: `is ${JSON.stringify(after)}, which is no fleet`,
        found: after,
        expected: `one of ${names.join(', ')}`,
      },
    ];
  });
  if (unknown.length > 0) return { names: [], problems: unknown };
  const chain: string[] = [];
  const followers = (previous: string | undefined) => names.filter((name) => fleets[name]?.after === previous);
  for (let next = followers(undefined); next.length === 1; next = followers(chain.at(-1))) {
    const [name] = next;
    if (name === undefined || chain.includes(name)) break;
    chain.push(name);
  }
  if (chain.length === names.length) return { names: chain, problems: [] };
  const found = names.map((name) => `${name} after ${fleets[name]?.after ?? 'nothing'}`).join(', ');
  const expected = 'one fleet without `after` and every other after the one before it, so that one of them is the last';
  return { names: [], problems: [{ pointer: '/fleets', reason: `is ${found}`, found, expected }] };
}

function freezeProblems(raw: document.PolicyDocument): readonly Unplaced[] {
  return raw.freeze.flatMap(({ zone }, index): readonly Unplaced[] => {
    if (isZone(zone)) return [];
    return [
      {
        pointer: `/freeze/${index}/zone`,
        reason: `is ${JSON.stringify(zone)}`,
        found: zone,
        expected: 'a time zone such as Europe/Berlin',
      },
    ];
  });
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).format(0) !== '';
  } catch {
    return false;
  }
}

/** Each default is right by the schema; together in one manifest they may still contradict each other. */
function defaultsProblems(policy: Policy, places: YamlDocument): readonly Problem[] {
  const parsed = manifestUnder(policy);
  if (parsed.kind === 'parsed') return [];
  return parsed.problems.map(({ pointer, reason, found, expected }) => ({
    id: `policy/schema/checks.defaults.${idOf(pointer)}`,
    reason: `checks.defaults.${reason}`,
    at: places.place(`/checks/defaults${pointer}`),
    pointer: `/checks/defaults${pointer}`,
    found,
    expected,
  }));
}

function ms(duration: string): number {
  const parsed = durationMs(duration);
  if (parsed === undefined) throw new Error(`the schema let through ${duration}, which is no duration`);
  return parsed;
}

/** The policy of a repository that has none. */
export const defaultPolicy: Policy = (() => {
  const parsed = parsePolicy('', policyPath);
  if (parsed.kind === 'refused') throw new Error(`the default policy is refused: ${JSON.stringify(parsed.problems)}`);
  return parsed.loaded.policy;
})();
