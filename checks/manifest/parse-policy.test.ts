import { describe, expect, test } from 'vitest';
import { samplePolicy } from './manifest-samples.ts';
import { defaultPolicy, parsePolicy } from './parse-policy.ts';
import type { Policy } from './policy.ts';
import { textOfProblem } from './problem.ts';

const path = '.github/slipway.yml';

function policy(source: string): Policy {
  const parsed = parsePolicy(source, path);
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(textOfProblem).join('\n'));
  return parsed.loaded.policy;
}

function problems(source: string): string {
  const parsed = parsePolicy(source, path);
  return parsed.kind === 'refused' ? parsed.problems.map(textOfProblem).join('\n') : 'parsed';
}

test('a repository without a policy, with an empty one and with comments alone has the default policy', () => {
  for (const source of ['', '# later\n', '---\n# later\n', '{}\n']) expect(policy(source)).toEqual(defaultPolicy);
  expect(defaultPolicy).toMatchObject({
    models: 'models/*/model.yaml',
    artifactHosts: [],
    limits: { artifactMb: 2048, dataMb: 2048, checkMinutes: 20 },
    checks: {
      required: [
        'manifest',
        'artifact',
        'golden',
        'baseline',
        'reproducibility',
        'drift',
        'cohorts',
        'performance',
        'compliance',
      ],
      advisory: ['replay', 'explanation', 'readiness'],
      impact: 'optional',
      protectedInputs: 'justified',
      undecidedCohorts: 'list',
      undecidedBaseline: 'block',
      selfWaive: false,
    },
    approvals: { high: 2, critical: 2 },
    permissions: {
      rollback: 'write',
      promote: 'write',
      waive: 'maintain',
      unhold: 'write',
      check: 'read',
      status: 'read',
      help: 'read',
    },
    fleets: [{ name: 'production', driver: 'local', bakeMs: 0 }],
    retention: { predictionsMs: 30 * 86_400_000 },
    prune: false,
  });
});

test('the sample of the design is read as it stands', () => {
  expect(policy(samplePolicy)).toMatchObject({
    artifactHosts: ['models.acme.example'],
    permissions: { waive: '@acme/ml-leads', rollback: 'write', status: 'read' },
    fleets: [
      { name: 'staging', driver: 'local', bakeMs: 0 },
      {
        name: 'production',
        driver: 'kubernetes',
        after: 'staging',
        bakeMs: 3_600_000,
        options: { namespace: 'models' },
      },
    ],
    checks: { defaults: { drift: { alpha: 0.01 } } },
  });
});

describe('a policy that is wrong is refused with its place', () => {
  test.each([
    [
      'an unknown check',
      'checks: { required: [manifest, basline] }\n',
      `${path}:1:32 checks.required[1] is "basline" (text); expected one of manifest, artifact`,
    ],
    ['its nearest name', 'checks: { required: [manifest, basline] }\n', 'did you mean baseline?'],
    [
      'an unknown key',
      'revrt: merge\n',
      `${path}:1:1 the document has the unknown key revrt; known: models, artifactHosts`,
    ],
    ['an unknown command', 'permissions: { rolback: write }\n', 'did you mean rollback?'],
    [
      'an unknown permission',
      'permissions: { rollback: owner }\n',
      'expected read, triage, write, maintain, admin, or a team such as "@acme/ml-leads"',
    ],
    ['an unknown driver', 'fleets: { production: { driver: lokal } }\n', 'did you mean local?'],
    [
      'a fleet after none',
      'fleets: { production: { driver: local, after: staging } }\n',
      'fleets.production.after is "staging", which is no fleet',
    ],
    [
      'fleets in a circle',
      'fleets: { a: { driver: local, after: b }, b: { driver: local, after: a } }\n',
      'expected one fleet without `after`',
    ],
    ['two ends', 'fleets: { a: { driver: local }, b: { driver: local } }\n', 'expected one fleet without `after`'],
    [
      'an unknown zone',
      'freeze: [{ from: "Fri 16:00", to: "Mon 08:00", zone: Europe/Atlantis }]\n',
      'freeze[0].zone is "Europe/Atlantis"; expected a time zone',
    ],
    [
      'a time of no day',
      'freeze: [{ from: "16:00", to: "Mon 08:00" }]\n',
      'expected a day and a time such as "Fri 16:00"',
    ],
    [
      'a default out of range',
      'checks: { defaults: { drift: { alpha: 2 } } }\n',
      `${path}:1:39 checks.defaults.drift.alpha is 2 (number); expected a number above 0 and below 1`,
    ],
    [
      'defaults that contradict each other',
      'checks: { defaults: { replicas: { min: 9 } } }\n',
      'checks.defaults.replicas.min is 9, above max, which is 4',
    ],
    [
      'a default that would decide answers',
      'checks: { defaults: { serving: { maxBatch: 1 } } }\n',
      'checks.defaults has the unknown key serving',
    ],
    [
      'a host with a scheme',
      'artifactHosts: [https://models.acme.example]\n',
      'expected a host such as models.acme.example',
    ],
    ['no fleet', 'fleets: {}\n', 'fleets is an empty mapping; expected a mapping with at least 1 key'],
    ['a broken directive: never the default policy in silence', '%TAGS\n', 'expected'],
    ['a list', '- a\n', 'the document is a list of 1; expected a mapping'],
  ])('%s', (_, source, expected) => {
    expect(problems(source)).toContain(expected);
  });
});
