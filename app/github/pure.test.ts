import { describe, expect, it } from 'vitest';
import { undelivered } from './deliveries.ts';
import { firstParentSteps } from './first-parents.ts';
import { permissionOf } from './permissions.ts';
import type { Role } from './permissions.ts';
import { approversOf } from './pull-requests.ts';

describe('the default branch by its first parents', () => {
  // a - b - m - d, where m merged x - y, and y's branch had merged b before.
  const graph = new Map([
    ['a', []],
    ['b', ['a']],
    ['x', ['a']],
    ['y', ['x', 'b']],
    ['m', ['b', 'y']],
    ['d', ['m']],
  ]);

  it('has what stood on it, oldest first, and what each step brought', () => {
    const steps = firstParentSteps(graph, 'd').map(({ commit, brought }) => [
      commit,
      [...brought].toSorted((p, q) => (p < q ? -1 : 1)),
    ]);
    expect(steps).toEqual([
      ['a', []],
      ['b', []],
      ['m', ['x', 'y']],
      ['d', []],
    ]);
  });

  it('ends where a shallow history does', () => {
    expect(firstParentSteps(new Map([['d', ['m']]]), 'd').map(({ commit }) => commit)).toEqual(['m', 'd']);
  });
});

describe('permissions', () => {
  const who = (role: Role | 'none') => () => Promise.resolve(role);

  it.each([
    ['admin', 'write', 'allowed'],
    ['write', 'write', 'allowed'],
    ['triage', 'write', 'denied'],
    ['none', 'read', 'denied'],
    ['write', 'maintain', 'denied'],
  ] as const)('%s where %s is needed: %s', async (role, needed, kind) => {
    expect((await permissionOf(who(role), 'ola', needed)).kind).toBe(kind);
  });

  it.each([
    ['@acme/ml-leads', /team @acme\/ml-leads, and teams are not supported yet/],
    ['owner', /names `owner`, which is neither a role/],
  ])('denies %s to everybody and says why', async (needed, reason) => {
    expect(await permissionOf(who('admin'), 'ada', needed)).toEqual({
      kind: 'denied',
      reason: expect.stringMatching(reason),
    });
  });
});

describe('approvals', () => {
  const review = (login: string, state: string, commit = 'head') => ({ login, state, commit });

  it.each([
    ['who approved this head', [review('rui', 'APPROVED')], ['rui']],
    ['not who approved an earlier one', [review('rui', 'APPROVED', 'before')], []],
    ['not who asked for changes after', [review('rui', 'APPROVED'), review('rui', 'CHANGES_REQUESTED')], []],
    ['not whose approval was dismissed', [review('rui', 'DISMISSED')], []],
    ['who approved and then only commented', [review('rui', 'APPROVED'), review('rui', 'COMMENTED')], ['rui']],
    [
      'who asked for changes and then approved',
      [review('rui', 'CHANGES_REQUESTED', 'before'), review('rui', 'APPROVED')],
      ['rui'],
    ],
    ['not a review that is being written', [review('rui', 'PENDING')], []],
    ['nobody without a name', [{ state: 'APPROVED', commit: 'head' }], []],
  ])('are of %s', (_, reviews, expected) => {
    expect(approversOf(reviews, 'head')).toEqual(expected);
  });
});

describe('lost deliveries', () => {
  const now = new Date('2026-11-21T12:00:00Z');
  const delivery = (id: number, guid: string, statusCode: number, deliveredAt = '2026-11-21T11:00:00Z') => ({
    id,
    guid,
    statusCode,
    deliveredAt,
  });

  it('are those of which no try arrived, not asked for yet, and not older than three days', () => {
    const tries = [
      delivery(6, 'again', 200),
      delivery(5, 'lost', 502),
      delivery(4, 'lost', 0),
      delivery(3, 'again', 500),
      delivery(2, 'asked', 500),
      delivery(1, 'old', 500, '2026-11-18T11:00:00Z'),
    ];
    expect(undelivered(tries, now, new Set(['asked'])).map(({ guid }) => guid)).toEqual(['lost']);
  });
});
