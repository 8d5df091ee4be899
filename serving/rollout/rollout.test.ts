import { describe, expect, it } from 'vitest';
import type { RolloutPlan } from '../../checks/manifest/manifest.ts';
import type { FeedbackStats, ModelStats, ShadowStats } from '../fleet.ts';
import { asked } from './asked.ts';
import type { Subject } from './effect.ts';
import { superseded } from './aborted.ts';
import { beginRollout } from './begin-rollout.ts';
import { next } from './next.ts';
import type { Rollout, RolloutEvidence, Turn } from './rollout.ts';

const MINUTE_MS = 60_000;
const start = new Date('2026-11-21T10:00:00Z');
const stable: Subject = { model: 'income', version: '1.0.0', revision: `sha256:${'1'.repeat(64)}`, commit: 'c1' };
const candidate: Subject = {
  model: 'income',
  version: '2.0.0',
  revision: `sha256:${'2'.repeat(64)}`,
  commit: 'c2',
  pullRequest: 7,
};

const plan: RolloutPlan = {
  strategy: 'canary',
  steps: [
    { kind: 'weight', weight: 5, forMs: 10 * MINUTE_MS },
    { kind: 'weight', weight: 50, forMs: 10 * MINUTE_MS },
  ],
  analysis: { errors: 0.01, latency: 1.2 },
  minimum: 200,
  onInsufficient: 'hold',
  onFail: 'abort',
  keepWarmMs: 24 * 60 * MINUTE_MS,
};

/** A fleet whose counters only a test moves; every look is a turn. */
function story(over: Partial<RolloutPlan> = {}, from: Subject | 'nothing' = stable) {
  let now = start;
  let turn: Turn = beginRollout(
    { candidate, ...(from === 'nothing' ? {} : { stable: from }), plan: { ...plan, ...over }, bakeMs: 5 * MINUTE_MS },
    now,
  );
  const counters = {
    candidate: { requests: 0, errors: 0, computeMs: 0.3 },
    stable: { requests: 5000, errors: 0, computeMs: 0.3 },
  };
  let copies: ShadowStats | undefined;
  let labels: { readonly [arm in 'candidate' | 'stable']: FeedbackStats } | undefined;
  let surroundings: Partial<RolloutEvidence> = {};
  const evidence = (): RolloutEvidence => ({
    candidate: { kind: 'ready' },
    stable: { kind: 'ready' },
    candidateWeight: turn.arms.find(({ revision }) => revision === candidate.revision)?.weight ?? 0,
    stats: statsOf(counters, copies, labels),
    ...surroundings,
  });
  const told: Turn['effects'][number][] = [...turn.effects];
  return {
    told,
    counters,
    get turn() {
      return turn;
    },
    get phase() {
      return turn.rollout.phase;
    },
    get now() {
      return now;
    },
    set(values: Partial<RolloutEvidence>) {
      surroundings = values;
    },
    after(minutes: number) {
      now = new Date(now.getTime() + minutes * MINUTE_MS);
      turn = next(turn.rollout, evidence(), now);
      told.push(...turn.effects);
      return turn.rollout.phase.name;
    },
    ask(request: Parameters<typeof asked>[1]) {
      const answer = asked(turn.rollout, request, evidence(), now);
      if (answer.kind === 'refused') return answer.because;
      turn = answer.turn;
      told.push(...turn.effects);
      return turn.rollout.phase.name;
    },
    shares() {
      return turn.arms.map(({ weight }) => weight);
    },
    copied(requests: number, { errors = 0, flips = 0 } = {}) {
      const distance = { count: requests, sum: flips / 2, sumOfSquares: flips / 4 };
      copies = { requests, errors, skipped: 0, rows: requests - errors, decided: requests - errors, flips, distance };
      counters.stable.requests += requests;
    },
    labelled(decided: number, right: { readonly candidate: number; readonly stable: number }) {
      const of = (correct: number) => ({
        rows: decided,
        decided,
        correct,
        distance: { count: 0, sum: 0, sumOfSquares: 0 },
      });
      labels = { candidate: of(right.candidate), stable: of(right.stable) };
    },
    traffic(requests: number, { errors = 0 } = {}) {
      counters.candidate.requests += requests;
      counters.candidate.errors += errors;
      counters.stable.requests += requests * 10;
    },
  };
}

function statsOf(
  counters: { readonly [arm in 'candidate' | 'stable']: { requests: number; errors: number; computeMs: number } },
  copies: ShadowStats | undefined,
  labels: { readonly [arm in 'candidate' | 'stable']: FeedbackStats } | undefined,
): ModelStats {
  return {
    model: 'income',
    generation: 1,
    arms: (
      [
        ['candidate', candidate],
        ['stable', stable],
      ] as const
    ).map(([name, { revision }]) => {
      const { requests, errors, computeMs } = counters[name];
      const bounds = [0.1, 0.2, 0.5, 1, 2, 5];
      const at = bounds.findIndex((bound) => computeMs <= bound);
      const histogram = {
        bounds,
        counts: [...bounds, Infinity].map((_, i) => (i === at ? requests : 0)),
        sum: 0,
        count: requests,
      };
      return {
        revision,
        processes: [name],
        requests,
        errors,
        unservable: 0,
        latencyMs: histogram,
        computeMs: histogram,
        computeByRows: [{ rows: 1, histogram }],
        score: { count: requests, sum: requests / 2, sumOfSquares: requests / 3 },
        ...(labels === undefined ? {} : { feedback: labels[name] }),
        ...(name === 'candidate' && copies !== undefined ? { shadow: copies } : {}),
      };
    }),
  };
}

describe('a rollout', () => {
  it('goes through its steps, promotes on evidence, bakes and is done', () => {
    const it = story();
    expect(it.shares()).toEqual([100]);
    expect(it.after(0)).toBe('preparing');
    expect(it.turn.arms).toMatchObject([{ weight: 100 }, { weight: 0, leased: true }]);
    expect(it.after(1)).toBe('step');
    expect(it.shares()).toEqual([95, 5]);
    it.traffic(300);
    expect(it.after(9)).toBe('step');
    expect(it.shares()).toEqual([95, 5]);
    it.after(1);
    expect(it.phase).toMatchObject({ name: 'step', index: 1 });
    expect(it.shares()).toEqual([50, 50]);
    it.traffic(900);
    it.after(10);
    expect(it.phase).toMatchObject({ name: 'step', index: 2 });
    expect(it.shares()).toEqual([50, 50]);
    expect(it.after(0)).toBe('promoting');
    expect(it.turn.arms).toEqual([
      { revision: candidate.revision, weight: 100 },
      { revision: stable.revision, weight: 0 },
    ]);
    expect(it.after(0)).toBe('baking');
    expect(it.after(4)).toBe('baking');
    expect(it.after(1)).toBe('done');
    expect(
      it.told.filter(({ kind }) => kind === 'record').map((effect) => (effect.kind === 'record' ? effect.event : '')),
    ).toEqual(['rollout-started', 'rollout-step', 'rollout-step', 'rollout-step', 'promoted']);
    expect(it.told.filter(({ kind }) => kind === 'deployment').at(-1)).toMatchObject({ state: 'success' });
  });

  it('answers the same rollout, evidence and instant alike, and gives every effect a key of its own', () => {
    const it = story();
    it.after(0);
    const evidence: RolloutEvidence = { candidate: { kind: 'ready' }, stable: { kind: 'ready' }, candidateWeight: 0 };
    expect(next(it.turn.rollout, evidence, it.now)).toEqual(
      next(JSON.parse(JSON.stringify(it.turn.rollout)), evidence, it.now),
    );
    it.after(1);
    it.traffic(300);
    it.after(10);
    it.traffic(5, { errors: 5 });
    it.after(1);
    it.after(1);
    const keys = it.told.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('never passes a step without traffic, whatever the manifest says of insufficient evidence', () => {
    for (const onInsufficient of ['hold', 'promote'] as const) {
      const it = story({ onInsufficient });
      it.after(0);
      it.after(1);
      expect(it.after(10)).toBe('paused');
      expect(it.phase).toMatchObject({
        pause: { kind: 'insufficient', because: 'not enough evidence: 0 of 200 requests' },
      });
      expect(it.shares()).toEqual([95, 5]);
      expect(it.after(60)).toBe('paused');
    }
  });

  it('goes on by itself at the same step once the evidence has come', () => {
    const it = story();
    it.after(0);
    it.after(1);
    it.after(10);
    it.traffic(250);
    expect(it.after(5)).toBe('step');
    it.after(0);
    expect(it.phase).toMatchObject({ name: 'step', index: 1 });
  });

  it.each([
    ['promote', 'step', [50, 50]],
    ['abort', 'aborting', [100]],
  ] as const)('with onInsufficient: %s and some traffic it is %s', (onInsufficient, phase, shares) => {
    const it = story({ onInsufficient });
    it.after(0);
    it.after(1);
    it.traffic(50);
    expect(it.after(10)).toBe(phase);
    expect(it.shares()).toEqual(shares);
  });

  it('does not promote on 300 requests without an error, because they bound the rate only to some 3 %', () => {
    const it = story({ steps: [{ kind: 'weight', weight: 50, forMs: MINUTE_MS }] });
    it.after(0);
    it.after(1);
    it.traffic(300);
    it.after(1);
    expect(it.after(0)).toBe('paused');
    expect(it.phase).toMatchObject({ pause: { kind: 'insufficient' } });
    it.traffic(600);
    it.after(0);
    expect(it.after(0)).toBe('promoting');
  });

  it('ends at once on strong harm: weight 0, then status, record, quarantine, comment and revert with the numbers', () => {
    const it = story();
    it.after(0);
    it.after(1);
    it.traffic(12, { errors: 8 });
    expect(it.after(0.1)).toBe('aborting');
    expect(it.shares()).toEqual([100]);
    expect(it.turn.held).toMatchObject({ by: 'slipway', quarantined: candidate.revision });
    expect(it.turn.effects.map(({ kind }) => kind)).toEqual([
      'deployment',
      'record',
      'quarantine',
      'comment',
      'revert',
    ]);
    const comment = it.turn.effects.find(({ kind }) => kind === 'comment');
    expect(comment?.kind === 'comment' ? comment.text : '').toContain('8 of 12 (66.7 %) against 0 of 120');
    expect(it.after(0)).toBe('aborted');
    expect(it.turn.effects).toEqual([]);
  });

  it('with onFail: hold keeps the share and waits for a person', () => {
    const it = story({ onFail: 'hold' });
    it.after(0);
    it.after(1);
    it.traffic(12, { errors: 8 });
    it.after(0.1);
    expect(it.phase).toMatchObject({ name: 'paused', pause: { kind: 'harm' } });
    expect(it.after(1)).toBe('paused');
    expect(it.ask({ kind: 'resume', by: 'ana' })).toContain('harm is proven');
    expect(it.ask({ kind: 'promote', by: 'ana', force: true })).toBe('promoting');
  });

  it('turns back while it bakes, when harm shows only then', () => {
    const it = story();
    it.after(0);
    it.after(1);
    it.traffic(1200);
    it.after(10);
    it.traffic(1200);
    it.after(10);
    it.after(0);
    expect(it.after(0)).toBe('baking');
    it.traffic(400, { errors: 350 });
    expect(it.after(1)).toBe('aborting');
    expect(it.shares()).toEqual([100]);
  });

  it('carries evidence across steps: errors too few for one step decide over two', () => {
    const it = story();
    it.after(0);
    it.after(1);
    it.traffic(200, { errors: 9 });
    expect(it.after(10)).toBe('step');
    it.traffic(200, { errors: 9 });
    expect(it.after(1)).toBe('aborting');
  });

  it('counts nothing twice and loses nothing when counters start anew', () => {
    const it = story();
    it.after(0);
    it.after(1);
    it.traffic(100, { errors: 1 });
    it.after(1);
    it.after(1);
    it.counters.candidate = { requests: 20, errors: 0, computeMs: 0.3 };
    it.after(1);
    it.after(1);
    expect(it.turn.rollout.evidence?.candidate.counted).toMatchObject({ requests: 120, errors: 1 });
    expect(it.turn.rollout.evidence?.stable.counted).toMatchObject({ requests: 1000, errors: 0 });
  });

  it('fails latency only beyond both the ratio and 0.2 ms', () => {
    const slight = story();
    slight.after(0);
    slight.after(1);
    Object.assign(slight.counters.stable, { computeMs: 0.05 });
    Object.assign(slight.counters.candidate, { computeMs: 0.15 });
    slight.traffic(1000);
    expect(slight.after(1)).toBe('step');
    const slow = story();
    slow.after(0);
    slow.after(1);
    Object.assign(slow.counters.candidate, { computeMs: 4 });
    slow.traffic(1000);
    expect(slow.after(1)).toBe('aborting');
    expect(slow.phase).toMatchObject({
      because: expect.stringContaining('latency: median of 2 to 5 ms against 0.2 to 0.5 ms'),
    });
  });

  it('says so when the stable arm itself is failing, and lets the repair be forced through', () => {
    const it = story();
    it.after(0);
    it.after(1);
    it.traffic(100);
    it.counters.stable.errors = 900;
    expect(it.after(1)).toBe('paused');
    expect(it.phase).toMatchObject({
      pause: { kind: 'stable-failing', because: expect.stringContaining('90.0 % of its requests are errors') },
    });
    expect(it.ask({ kind: 'promote', by: 'ana', force: false })).toContain('--force');
    expect(it.ask({ kind: 'promote', by: 'ana', force: true })).toBe('promoting');
    expect(it.after(0)).toBe('baking');
  });

  it('aborts a candidate that cannot be loaded, or is not ready after ten minutes', () => {
    const broken = story();
    broken.after(0);
    broken.set({ candidate: { kind: 'failed', reason: 'it answered golden record 3 wrongly' } });
    expect(broken.after(1)).toBe('aborting');
    expect(broken.phase).toMatchObject({
      because: 'version 2.0.0 could not be run: it answered golden record 3 wrongly',
    });
    const slow = story();
    slow.after(0);
    slow.set({ candidate: { kind: 'loading' } });
    expect(slow.after(10)).toBe('preparing');
    expect(slow.after(1)).toBe('aborting');
  });

  it('leaves the last healthy copy alone: a failing candidate keeps everything when the stable arm is not ready', () => {
    const it = story({ steps: [] });
    it.after(0);
    it.after(1);
    it.after(0);
    expect(it.phase.name).toBe('baking');
    it.set({ candidate: { kind: 'failed', reason: 'killed' }, stable: { kind: 'loading' } });
    expect(it.after(1)).toBe('baking');
    expect(it.shares()).toEqual([100, 0]);
  });

  it('rolls a first version out without steps, since there is nothing to compare it with', () => {
    const it = story({}, 'nothing');
    it.set({ candidate: { kind: 'loading' } });
    expect(it.shares()).toEqual([100]);
    it.after(0);
    expect(it.after(1)).toBe('preparing');
    it.set({});
    expect(it.after(1)).toBe('promoting');
    expect(it.after(0)).toBe('baking');
    expect(it.after(5)).toBe('done');
  });

  it('waits for a freeze window to end, queued or at its step, and its clock stands meanwhile', () => {
    const it = story();
    const frozen = { because: 'a freeze window lasts until Mon 08:00 (Europe/Berlin)' };
    it.set({ frozen });
    expect(it.after(0)).toBe('queued');
    it.set({});
    it.after(60);
    it.after(1);
    it.traffic(500);
    it.after(4);
    it.set({ frozen });
    expect(it.after(1)).toBe('paused');
    expect(it.shares()).toEqual([95, 5]);
    expect(it.ask({ kind: 'resume', by: 'ana' })).toContain('freeze window');
    it.set({});
    expect(it.after(600)).toBe('step');
    expect(it.after(4)).toBe('step');
    it.after(1);
    expect(it.phase).toMatchObject({ index: 1 });
  });

  it('does not count time in which the lease had lapsed', () => {
    const it = story();
    it.after(0);
    it.after(1);
    it.traffic(500);
    it.set({ leaseUntil: new Date(it.now.getTime() + 2 * MINUTE_MS).toISOString() });
    expect(it.after(30)).toBe('step');
    expect(it.phase).toMatchObject({ index: 0 });
    it.after(0);
    it.set({ leaseUntil: new Date(it.now.getTime() + 60 * MINUTE_MS).toISOString() });
    it.after(7);
    expect(it.phase).toMatchObject({ index: 0 });
    it.after(1);
    expect(it.phase).toMatchObject({ index: 1 });
  });

  it('stands at a pause step until somebody says /resume', () => {
    const it = story({
      steps: [
        { kind: 'weight', weight: 10, forMs: MINUTE_MS },
        { kind: 'pause' },
        { kind: 'weight', weight: 40, forMs: MINUTE_MS },
      ],
    });
    it.after(0);
    it.after(1);
    it.traffic(300);
    expect(it.after(1)).toBe('paused');
    expect(it.shares()).toEqual([90, 10]);
    expect(it.after(600)).toBe('paused');
    expect(it.ask({ kind: 'resume', by: 'ana' })).toBe('step');
    expect(it.shares()).toEqual([60, 40]);
  });

  it('obeys /pause and /resume with the clock standing between, and /abort at any step', () => {
    const it = story();
    it.after(0);
    it.after(1);
    it.traffic(500);
    it.after(6);
    expect(it.ask({ kind: 'pause', by: 'ana', because: 'lunch' })).toBe('paused');
    expect(it.ask({ kind: 'pause', by: 'ben' })).toContain('paused already');
    it.after(60);
    expect(it.ask({ kind: 'resume', by: 'ana' })).toBe('step');
    expect(it.after(3)).toBe('step');
    expect(it.phase).toMatchObject({ index: 0 });
    expect(it.ask({ kind: 'abort', by: 'ana', because: 'it feels wrong' })).toBe('aborting');
    expect(it.turn.held).toMatchObject({ by: 'ana', because: 'it feels wrong' });
    expect(it.ask({ kind: 'abort', by: 'ana' })).toContain('is over');
  });

  it('promotes when asked only on sufficient evidence, and says what is missing', () => {
    const it = story();
    it.after(0);
    expect(it.ask({ kind: 'promote', by: 'ana', force: false })).toContain('does not suffice');
    it.after(1);
    it.traffic(1000);
    it.after(1);
    expect(it.ask({ kind: 'promote', by: 'ana', force: false })).toBe('promoting');
  });

  it('leaves an A/B test to a person', () => {
    const it = story({ strategy: 'ab-test', steps: [{ kind: 'weight', weight: 50, forMs: MINUTE_MS }] });
    it.after(0);
    it.after(1);
    it.traffic(2000);
    it.after(1);
    expect(it.after(0)).toBe('paused');
    expect(it.phase).toMatchObject({ pause: { kind: 'decision' } });
    expect(it.ask({ kind: 'promote', by: 'ana', force: false })).toBe('promoting');
  });

  const experiment: Partial<RolloutPlan> = {
    strategy: 'ab-test',
    steps: [{ kind: 'weight', weight: 50, forMs: MINUTE_MS }],
    analysis: { ...plan.analysis, feedback: { metric: 'accuracy', margin: 0.02 } },
  };

  it('decides an A/B test whose manifest names a metric when labels show that it is no worse', () => {
    const it = story(experiment);
    it.after(0);
    it.after(1);
    it.traffic(4000);
    it.after(1);
    expect(it.after(0)).toBe('paused');
    expect(it.phase).toMatchObject({
      pause: { kind: 'insufficient', because: expect.stringContaining('no labels yet') },
    });
    it.labelled(200, { candidate: 160, stable: 160 });
    expect(it.after(60)).toBe('paused');
    it.labelled(20_000, { candidate: 16_400, stable: 16_000 });
    expect(it.after(60)).toBe('step');
    expect(it.after(0)).toBe('promoting');
  });

  it('ends an A/B test when labels show that it is worse', () => {
    const it = story(experiment);
    it.after(0);
    it.after(1);
    it.traffic(4000);
    it.labelled(2000, { candidate: 1200, stable: 1600 });
    expect(it.after(0)).toBe('aborting');
    expect(it.told.find(({ kind }) => kind === 'quarantine')).toMatchObject({
      because: expect.stringMatching(/^feedback: right in 1,200 of 2,000/),
    });
  });

  it('gives its shares back when something newer comes', () => {
    const it = story();
    it.after(0);
    it.after(1);
    const turn = superseded(it.turn.rollout, { ...candidate, version: '3.0.0', revision: 'sha256:3' }, it.now);
    expect(turn.arms).toEqual([{ revision: stable.revision, weight: 100 }]);
    expect(turn.effects).toMatchObject([{ event: 'superseded' }, { state: 'inactive' }]);
  });

  it('copies requests to a shadow without giving it a share', () => {
    const it = story({
      steps: [
        { kind: 'shadow', forMs: MINUTE_MS },
        { kind: 'weight', weight: 20, forMs: MINUTE_MS },
      ],
    });
    it.after(0);
    it.after(1);
    expect(it.turn.arms).toEqual([
      { revision: stable.revision, weight: 100 },
      { revision: candidate.revision, weight: 0, leased: true, shadow: true },
    ]);
  });

  const shadowFirst: Partial<RolloutPlan> = {
    analysis: { ...plan.analysis, disagreement: 0.2 },
    steps: [
      { kind: 'shadow', forMs: MINUTE_MS },
      { kind: 'weight', weight: 20, forMs: MINUTE_MS },
    ],
  };

  it('passes a shadow step on copies alone, and counts them as evidence of errors', () => {
    const it = story(shadowFirst);
    it.after(0);
    it.after(1);
    it.copied(199);
    expect(it.after(1)).toBe('paused');
    expect(it.phase).toMatchObject({ pause: { kind: 'insufficient' } });
    it.copied(1000, { flips: 30 });
    expect(it.after(0)).toBe('step');
    it.after(0);
    expect(it.turn.arms[1]).toEqual({ revision: candidate.revision, weight: 20, leased: true });
    expect(it.turn.rollout.analysis).toMatchObject({ nonInferior: true });
    expect(it.turn.rollout.history.at(-1)).toMatchObject({ phase: 'step', index: 1, requests: 1000 });
  });

  it('aborts in shadow what decides otherwise too often, and what fails, before anybody was answered by it', () => {
    for (const copies of [{ flips: 400 }, { errors: 100 }]) {
      const it = story(shadowFirst);
      it.after(0);
      it.after(1);
      it.copied(1000, copies);
      expect(it.after(0)).toBe('aborting');
      expect(it.shares()).toEqual([100]);
      expect(it.told.find(({ kind }) => kind === 'quarantine')).toMatchObject({
        because: expect.stringMatching(
          copies.flips === undefined ? /^errors/ : /^disagreement: 400 of 1,000 decisions/,
        ),
      });
    }
  });

  it('leaves what was tried in shadow alone to a person, who may promote it on what the copies showed', () => {
    const it = story({ ...shadowFirst, strategy: 'shadow', steps: [{ kind: 'shadow', forMs: MINUTE_MS }] });
    it.after(0);
    it.after(1);
    it.copied(2000, { flips: 20 });
    it.after(1);
    expect(it.after(0)).toBe('paused');
    expect(it.phase).toMatchObject({ pause: { kind: 'decision' } });
    expect(it.turn.arms[1]).toMatchObject({ weight: 0, shadow: true });
    expect(it.ask({ kind: 'promote', by: 'ana', force: false })).toBe('promoting');
  });

  it('survives a journey through JSON at every phase', () => {
    const it = story();
    const seen: Rollout['phase']['name'][] = [];
    const turns = [0, 1, 10, 10, 0, 0, 5];
    for (const minutes of turns) {
      it.traffic(1000);
      seen.push(it.after(minutes));
      expect(JSON.parse(JSON.stringify(it.turn.rollout))).toEqual(it.turn.rollout);
    }
    expect(seen).toEqual(['preparing', 'step', 'step', 'step', 'promoting', 'baking', 'done']);
  });
});
