import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { waiverKeyOf } from '../../checks/check-model.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { Report } from '../../checks/report/report.ts';
import { createMemoryFleet } from '../../serving/drivers/memory.ts';
import type { FleetDriver, ObservedModel } from '../../serving/fleet.ts';
import { checkedEventOf } from '../ledger/checked.ts';
import { ledgerKey } from '../ledger/ledger-key.ts';
import type { LedgerLine } from '../ledger/ledger.ts';
import { memoryLedger } from '../ledger/memory-ledger.ts';
import { createRollouts } from './create-rollouts.ts';
import type { Evaluation } from './judge.ts';
import { stateOf } from './model-state.ts';
import { recordingGithub } from './recording-github.fixture.ts';

const MINUTE_MS = 60_000;
const signal = new AbortController().signal;
const key = ledgerKey(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
);
const repository = 'acme/models';
const folder = 'models/income';

describe('adoption', () => {
  it('takes the manifests that are there as they are, records them as unchecked, and rolls them out at once', async () => {
    const it = await stage();
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    const observed = await it.observed();
    expect(observed.revisions[0]?.provenance).toMatchObject({ repository, unchecked: true });
    expect(await it.kinds()).toEqual(['adopted', 'adopted', 'rollout-started', 'rollout-step', 'promoted']);
    expect(it.github.statuses.at(-1)).toMatchObject({ environment: 'production/income', state: 'success' });
    expect(it.evaluations).toEqual([]);
  });

  it('happens once: a model that is pushed later has to be judged', async () => {
    const it = await stage();
    await it.push('2.0.0');
    await it.turns(2);
    expect(it.evaluations).toHaveLength(1);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
  });
});

describe('a merge whose tree was checked', () => {
  it('is rolled out in its steps, promoted on evidence, and recorded with commit, pull request, approvals and checks', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7);
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 90 %', '2.0.0 10 %']);
    const candidate = (await it.observed()).revisions.find(({ version }) => version === '2.0.0');
    expect(candidate?.provenance).toMatchObject({
      pullRequest: 7,
      approvals: ['rui'],
      checks: [{ name: 'baseline', conclusion: 'success' }],
    });
    await it.throughCanary('2.0.0');
    expect(await it.serving()).toEqual(['2.0.0 100 %', '1.0.0 0 %']);
    expect(await it.last('promoted')).toMatchObject({ version: '2.0.0', pullRequest: 7, data: { from: '1.0.0' } });
    expect(it.evaluations).toEqual([]);
    expect(it.github.statuses.at(-1)).toMatchObject({ state: 'success', key: expect.stringContaining('income/') });
  });

  it('keeps the old version warm for as long as the manifest says, and then lets it go', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7);
    await it.turns(3);
    await it.throughCanary('2.0.0');
    await it.after(23 * 60);
    expect(await it.serving()).toEqual(['2.0.0 100 %', '1.0.0 0 %']);
    await it.after(2 * 60);
    expect(await it.serving()).toEqual(['2.0.0 100 %']);
  });

  it('gives way to a newer one, which is compared with what was stable', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7);
    await it.turns(3);
    await it.merge('3.0.0', 8);
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 90 %', '3.0.0 10 %']);
    expect(await it.last('superseded')).toMatchObject({ version: '2.0.0' });
    expect((await it.state()).rollout?.stable?.version).toBe('1.0.0');
  });

  it('waits while a freeze window lasts', async () => {
    const it = await stage({ policy: 'freeze: [{ from: "Sat 00:00", to: "Sun 00:00", zone: UTC }]' });
    await it.merge('2.0.0', 7);
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect((await it.say.status('income', signal)).text).toContain('waits to be prepared');
    await it.after(24 * 60);
    await it.turns(2);
    expect(await it.serving()).toEqual(['1.0.0 90 %', '2.0.0 10 %']);
  });
});

describe('what was not checked as it is', () => {
  it('is judged again when production has changed since, and rolled out when it passes', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7, { baseline: 'sha256:somethingelse' });
    await it.turns(1);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    await it.rollouts.settled();
    expect(it.evaluations).toMatchObject([{ model: 'income', production: { path: `${folder}/model.yaml` } }]);
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 90 %', '2.0.0 10 %']);
  });

  it('is refused in an issue when its checks failed, once, and goes on when the findings are waived there', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7, { conclusion: 'failure' });
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect(it.github.issues).toHaveLength(1);
    const [issue] = it.github.issues;
    expect(issue?.body).toContain('baseline/log_loss');
    expect((await it.lines()).filter(({ kind }) => kind === 'refused')).toHaveLength(1);
    expect((await it.rollouts.views(signal))[0]?.difference?.reason).toContain(`#${issue?.number}`);

    await it.waive(issue?.number ?? 0);
    await it.turns(4);
    expect(await it.serving()).toEqual(['1.0.0 90 %', '2.0.0 10 %']);
    expect(it.github.issues[0]).toMatchObject({ isOpen: false });
  });

  it('is refused when it was pushed without a pull request, even if it passes, until that is waived', async () => {
    const it = await stage();
    await it.push('2.0.0');
    await it.turns(1);
    await it.rollouts.settled();
    await it.turns(2);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect(it.github.issues[0]?.body).toContain('proposal/pull-request');
    await it.waive(it.github.issues[0]?.number ?? 0);
    await it.turns(4);
    expect(await it.serving()).toEqual(['1.0.0 90 %', '2.0.0 10 %']);
  });
});

describe('harm', () => {
  it('turns the candidate to 0 before anything else, then tells, quarantines, reverts and holds', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7);
    await it.turns(3);
    it.fleet.answer('income', it.revision('2.0.0'), { requests: 20, errors: 18 });
    it.fleet.answer('income', it.revision('1.0.0'), { requests: 200 });
    it.github.outage = 'GitHub is down';
    await it.turns(1);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect(it.github.pulls).toEqual([]);
    it.github.outage = undefined;
    await it.turns(2);
    expect(await it.kinds(2)).toContain('quarantined');
    expect(await it.last('aborted')).toMatchObject({ version: '2.0.0', data: { requests: 20, errors: 18 } });
    expect(it.github.statuses.at(-1)).toMatchObject({ state: 'failure' });
    expect(it.github.comments.filter(({ on }) => on === 7)).toMatchObject([
      { text: expect.stringContaining('18 of 20 (90 %)') },
    ]);
    expect(it.github.pulls).toMatchObject([
      {
        revert: {
          title: 'Revert income to 1.0.0',
          branch: `slipway/revert/income/${it.revision('2.0.0').slice(7, 19)}`,
        },
      },
    ]);
    expect((await it.observed()).held).toMatchObject({ by: 'slipway', quarantined: it.revision('2.0.0') });
    await it.turns(5);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect(it.github.pulls).toHaveLength(1);

    it.github.isGreen = true;
    await it.after(1);
    await it.turns(2);
    expect((await it.observed()).held).toBeUndefined();
    expect(await it.last('hold-ended')).toMatchObject({ because: 'git names version 1.0.0, which runs' });
  });
});

describe('/rollback', () => {
  it('turns to the warm version before with one write, holds, quarantines, says how long it took, and reverts git', async () => {
    const it = await stage();
    await it.promote('2.0.0', 7);
    it.writes.length = 0;
    const outcome = await it.say.rollback({ ...it.wish, because: 'refusals doubled' }, signal);
    expect(it.writes[0]).toBe('put-model');
    expect(outcome.kind).toBe('done');
    expect(outcome.text).toMatch(
      /serves version 1\.0\.0 again: the fleet had turned every request after \d+ ms.*The revert #\d+ waits to be merged/,
    );
    expect(await it.serving()).toEqual(['1.0.0 100 %', '2.0.0 0 %']);
    expect((await it.observed()).held).toMatchObject({
      by: 'ola',
      because: 'refusals doubled',
      quarantined: it.revision('2.0.0'),
    });
    expect(await it.last('rolled-back')).toMatchObject({
      actor: 'ola',
      because: 'refusals doubled',
      data: { from: '2.0.0', to: '1.0.0', tookMs: expect.any(Number) },
    });
    expect((await it.state()).hold?.tookMs).toEqual(expect.any(Number));
    expect(it.github.statuses.at(-1)).toMatchObject({ state: 'success', payload: { version: '1.0.0' } });
    await it.turns(5);
    expect(await it.serving()).toEqual(['1.0.0 100 %', '2.0.0 0 %']);
  });

  it('ends its hold when the revert is merged, by the App where the policy says so', async () => {
    const it = await stage();
    await it.promote('2.0.0', 7);
    await it.say.rollback(it.wish, signal);
    it.github.isGreen = true;
    await it.after(1);
    await it.turns(2);
    expect(it.github.pulls).toMatchObject([{ state: 'merged' }]);
    expect((await it.observed()).held).toBeUndefined();
    expect(await it.serving()).toEqual(['1.0.0 100 %', '2.0.0 0 %']);
    expect(it.evaluations).toEqual([]);
  });

  it('is done once for a comment, also when it is asked again after the hold has ended', async () => {
    const it = await stage();
    await it.promote('2.0.0', 7);
    await it.say.rollback(it.wish, signal);
    expect((await it.say.rollback(it.wish, signal)).text).toContain('for this comment already');
    it.github.isGreen = true;
    await it.after(1);
    await it.turns(2);
    expect((await it.observed()).held).toBeUndefined();
    expect((await it.say.rollback(it.wish, signal)).kind).toBe('refused');
    expect(await it.serving()).toEqual(['1.0.0 100 %', '2.0.0 0 %']);
  });

  it('stays held when the revert is closed unmerged, and says so', async () => {
    const it = await stage({ policy: 'revert: propose' });
    await it.promote('2.0.0', 7);
    await it.say.rollback(it.wish, signal);
    it.github.isGreen = true;
    await it.after(1);
    expect(it.github.pulls).toMatchObject([{ state: 'open' }]);
    for (const pull of it.github.pulls) pull.state = 'closed';
    await it.after(1);
    await it.after(1);
    expect(it.github.comments.at(-1)?.text).toContain('stays held');
    expect((await it.observed()).held).toBeDefined();
    expect((await it.state()).hold?.revert?.state).toBe('closed');
  });

  it('is undone by /unhold: the quarantine is lifted, the revert withdrawn, and the rollout starts again', async () => {
    const it = await stage();
    await it.promote('2.0.0', 7);
    await it.say.rollback(it.wish, signal);
    const outcome = await it.say.unhold({ ...it.wish, because: 'it was the caller' }, signal);
    expect(outcome.kind).toBe('done');
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 90 %', '2.0.0 10 %']);
    expect(it.github.issues).toEqual([]);
    expect(await it.last('quarantine-lifted')).toMatchObject({ actor: 'ola', because: 'it was the caller' });
    expect(it.github.pulls).toMatchObject([{ state: 'closed' }]);
    expect((await it.observed()).held).toBeUndefined();
  });

  it('gives way to something newer that passed its checks against what runs', async () => {
    const it = await stage();
    await it.promote('2.0.0', 7);
    await it.say.rollback(it.wish, signal);
    await it.merge('3.0.0', 9);
    await it.turns(3);
    expect(await it.serving()).toContain('3.0.0 10 %');
    expect((await it.observed()).held).toBeUndefined();
    expect(it.github.pulls).toMatchObject([{ state: 'closed' }]);
  });

  it('ends a canary: weight 0, quarantine, revert', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7);
    await it.turns(3);
    const outcome = await it.say.rollback({ ...it.wish, because: 'no' }, signal);
    expect(outcome.kind).toBe('done');
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect(it.github.pulls).toHaveLength(1);
    expect((await it.observed()).held).toMatchObject({ by: 'ola' });
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
  });

  it('loads an older version first when it is not loaded any more, while what serves goes on serving', async () => {
    const it = await stage();
    await it.promote('2.0.0', 7);
    await it.after(25 * 60);
    await it.promote('3.0.0', 8);
    it.fleet.loading.set(it.revision('1.0.0'), 'loading');
    const outcome = await it.say.rollback({ ...it.wish, to: '1.0.0' }, signal);
    expect(outcome.text).toContain('It is not loaded any more');
    expect(await it.serving()).toContain('3.0.0 100 %');
    it.fleet.loading.delete(it.revision('1.0.0'));
    await it.turns(2);
    expect((await it.serving())[0]).toBe('1.0.0 100 %');
    expect((await it.observed()).held).toMatchObject({ quarantined: it.revision('3.0.0') });
  });

  it('says what there is when nothing fits', async () => {
    const it = await stage();
    expect(await it.say.rollback(it.wish, signal)).toMatchObject({
      kind: 'refused',
      text: '**income** has no earlier version that could serve.',
    });
    expect(await it.say.rollback({ ...it.wish, to: '9.9.9' }, signal)).toMatchObject({ kind: 'refused' });
    expect(await it.say.rollback({ ...it.wish, model: 'incme' }, signal)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('`income`'),
    });
  });

  it('at the fleet itself is adopted as if it had been a comment', async () => {
    const it = await stage();
    await it.promote('2.0.0', 7);
    const { generation, arms, salt, replicas, state } = await it.observed();
    const [running, warm] = arms;
    const held = { by: 'ola', because: 'at the fleet', since: it.now().toISOString() };
    const turned = [
      { revision: warm?.revision ?? '', weight: 100 },
      { revision: running?.revision ?? '', weight: 0 },
    ];
    await it.fleet.apply(
      { kind: 'put-model', model: 'income', generation, target: { arms: turned, salt, replicas, held, state } },
      noFiles,
      signal,
    );
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 100 %', '2.0.0 0 %']);
    expect(await it.last('rolled-back')).toMatchObject({ actor: 'ola', because: 'at the fleet' });
    expect(it.github.pulls).toHaveLength(1);
    expect((await it.observed()).held).toMatchObject({ quarantined: it.revision('2.0.0') });
  });
});

describe('the fleet', () => {
  it('is put back, and it is reported, when somebody changes shares by hand', async () => {
    const it = await stage();
    await it.promote('2.0.0', 7);
    const { generation, salt, replicas, state } = await it.observed();
    const arms = [
      { revision: it.revision('2.0.0'), weight: 50 },
      { revision: it.revision('1.0.0'), weight: 50 },
    ];
    await it.fleet.apply(
      { kind: 'put-model', model: 'income', generation, target: { arms, salt, replicas, state } },
      noFiles,
      signal,
    );
    await it.turns(2);
    expect(await it.serving()).toEqual(['2.0.0 100 %', '1.0.0 0 %']);
    expect((await it.lines()).filter(({ kind }) => kind === 'healed')).toHaveLength(1);
  });

  it('is built anew from git when it lost everything', async () => {
    const it = await stage();
    await it.promote('2.0.0', 7);
    it.fleet.lose();
    await it.turns(3);
    expect(await it.serving()).toEqual(['2.0.0 100 %']);
    expect(it.evaluations).toEqual([]);
  });

  it('runs the newest revision that is not quarantined, held, when it is built anew while git names a quarantined one', async () => {
    const it = await stage({ policy: 'revert: propose' });
    await it.promote('2.0.0', 7);
    await it.say.rollback(it.wish, signal);
    it.fleet.lose();
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect((await it.observed()).held).toMatchObject({ quarantined: it.revision('2.0.0') });
    expect((await it.state()).hold?.revert).toMatchObject({ state: 'open' });
  });

  it('that is lost in the middle of a canary serves what was production first, and then begins the canary anew', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7);
    await it.turns(3);
    it.fleet.lose();
    await it.turns(4);
    expect(
      (await it.lines()).findLast(({ kind, version }) => kind === 'promoted' && version === '1.0.0')?.data?.['from'],
    ).toBeNull();
    expect(await it.serving()).toEqual(['1.0.0 90 %', '2.0.0 10 %']);
    expect(it.evaluations).toEqual([]);
  });

  it('tries a first version again that could not be loaded, once somebody says /unhold', async () => {
    const it = await stage({ isBroken: true });
    expect((await it.state()).rollout?.phase).toMatchObject({ name: 'aborted' });
    expect(it.github.issues).toMatchObject([{ body: expect.stringContaining('/unhold income') }]);
    await it.turns(3);
    it.fleet.loading.clear();
    expect(await it.say.unhold({ ...it.wish, because: 'there is memory now' }, signal)).toMatchObject({ kind: 'done' });
    await it.turns(3);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect((await it.state()).rollout?.phase).toMatchObject({ name: 'done' });
  });

  it('takes back a candidate when git goes back by itself', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7);
    await it.turns(3);
    await it.push('1.0.0');
    await it.turns(2);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect((await it.observed()).held).toBeUndefined();
    expect(await it.last('superseded')).toMatchObject({ version: '2.0.0' });
  });

  it('keeps a model that git no longer names, unless the policy prunes', async () => {
    const kept = await stage();
    kept.github.push({ '.github/slipway.yml': kept.policy });
    await kept.turns(2);
    expect(await kept.serving()).toEqual(['1.0.0 100 %']);
    const pruned = await stage({ policy: 'prune: true' });
    pruned.github.push({ '.github/slipway.yml': pruned.policy });
    await pruned.turns(2);
    expect((await pruned.fleet.observe(signal)).models).toEqual([]);
    expect(await pruned.last('retired')).toMatchObject({ model: 'income' });
  });

  it('is not asked to let a model go whose manifest merely cannot be read', async () => {
    const it = await stage({ policy: 'prune: true' });
    it.github.push({ '.github/slipway.yml': it.policy, [`${folder}/model.yaml`]: 'apiVersion: [' });
    await it.turns(2);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
  });
});

describe('commands', () => {
  it('pause, resume and abort a rollout, and say where it stands', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7);
    await it.turns(3);
    expect((await it.say.pause({ ...it.wish, because: 'lunch' }, signal)).text).toContain('Paused: lunch');
    await it.after(60);
    expect(await it.serving()).toEqual(['1.0.0 90 %', '2.0.0 10 %']);
    expect((await it.say.resume(it.wish, signal)).text).toContain('Promotion is decided in 10 min');
    expect(await it.say.promote({ ...it.wish, force: false }, signal)).toMatchObject({ kind: 'refused' });
    expect((await it.say.abort({ ...it.wish, because: 'no' }, signal)).text).toContain('Held since');
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    expect(await it.say.pause(it.wish, signal)).toMatchObject({
      kind: 'refused',
      text: 'No rollout of **income** is under way.',
    });
  });

  it('show a shadow step with its copies, on the dashboard and in words, and stop it for its disagreement', async () => {
    const it = await stage();
    await it.merge('2.0.0-shadow', 7);
    await it.turns(3);
    const candidate = it.revision('2.0.0-shadow');
    expect(await it.serving()).toEqual(['1.0.0 100 %', '2.0.0-shadow 0 %']);
    it.fleet.answer('income', it.revision('1.0.0'), { requests: 300 });
    it.fleet.answer('income', candidate, { requests: 0, copies: 150, flips: 3 });
    await it.turns(1);
    const [view] = await it.rollouts.views(signal);
    expect(view?.rollout).toMatchObject({
      steps: [
        { kind: 'prepare', state: 'done' },
        { kind: 'shadow', state: 'now', facts: ['150 copies, 0 errors'] },
        { kind: 'weight', weight: 10, state: 'next' },
        { kind: 'promote', state: 'next' },
        { kind: 'bake', state: 'next' },
      ],
      evidence: [
        { name: 'copies', verdict: 'waiting' },
        { name: 'errors' },
        { name: 'latency' },
        { name: 'disagreement', verdict: 'pass', soFar: expect.stringContaining('3 of 150 decisions differ') },
      ],
      says: expect.stringContaining('150 of 200 copies'),
    });
    it.fleet.answer('income', candidate, { requests: 0, copies: 400, flips: 300 });
    await it.turns(2);
    expect(await it.serving()).toEqual(['1.0.0 100 %']);
    const [after] = await it.rollouts.views(signal);
    expect(after?.rollout?.says).toMatch(/^Stopped: disagreement: 303 of 550 decisions differ/);
  });

  it('show each model to the dashboard with its steps and what they still need', async () => {
    const it = await stage();
    await it.merge('2.0.0', 7);
    await it.turns(3);
    it.fleet.answer('income', it.revision('2.0.0'), { requests: 40 });
    it.fleet.answer('income', it.revision('1.0.0'), { requests: 400 });
    await it.turns(1);
    const [view] = await it.rollouts.views(signal);
    expect(view?.rollout).toMatchObject({
      phase: 'stepping',
      from: { version: '1.0.0' },
      to: { version: '2.0.0', pullRequest: 7 },
      approvals: ['rui'],
      steps: [
        { kind: 'prepare', state: 'done' },
        { kind: 'weight', weight: 10, state: 'now', facts: ['40 requests, 0 errors'] },
        { kind: 'promote', state: 'next' },
        { kind: 'bake', state: 'next' },
      ],
      evidence: [{ name: 'requests', verdict: 'waiting' }, { name: 'errors', verdict: 'waiting' }, { name: 'latency' }],
    });
  });
});

describe('a control plane that dies', () => {
  it('at any point goes on at the same step, and tells everything once', async () => {
    const straight = await told(undefined);
    expect(straight.kinds).toEqual([...new Set(straight.kinds)]);
    for (let deadline = 1; deadline < straight.calls; deadline += 1) {
      const interrupted = await told(deadline);
      expect(interrupted.serving, `killed before call ${deadline}`).toEqual(straight.serving);
      expect(interrupted.kinds, `killed before call ${deadline}`).toEqual(straight.kinds);
      expect(interrupted.pulls, `killed before call ${deadline}`).toBe(straight.pulls);
      expect(interrupted.comments, `killed before call ${deadline}`).toBe(straight.comments);
    }
  });
});

describe('a control plane that dies while it turns back', () => {
  it('at any point has turned back, told everything once, and reverted once', async () => {
    const straight = await turnedBackUnder(undefined);
    for (let deadline = 1; deadline < straight.calls; deadline += 1) {
      const { calls: _, ...interrupted } = await turnedBackUnder(deadline);
      expect({ deadline, ...interrupted }).toEqual({
        deadline,
        serving: straight.serving,
        kinds: straight.kinds,
        pulls: straight.pulls,
      });
    }
  });
});

/** A rollback in which the process is killed before its n-th write; a person whose command got lost says it again, as the sweep does. */
async function turnedBackUnder(killedBefore: number | undefined) {
  const it = await stage();
  await it.promote('2.0.0', 7);
  const before = it.kill.calls;
  it.kill.before = killedBefore === undefined ? undefined : before + killedBefore;
  await it.say.rollback(it.wish, signal).catch(() => undefined);
  await it.turns(1);
  if ((await it.observed()).held === undefined) await it.say.rollback(it.wish, signal);
  await it.turns(3);
  return {
    calls: it.kill.calls - before,
    serving: await it.serving(),
    kinds: (await it.kinds()).toSorted((a, b) => a.localeCompare(b)),
    pulls: it.github.pulls.length,
  };
}

/** A whole life (merge, canary, harm, revert) in which the process is killed before its n-th write, and started anew. */
async function told(killedBefore: number | undefined) {
  const it = await stage();
  await it.merge('2.0.0', 7);
  it.kill.before = killedBefore;
  await it.turns(4);
  it.fleet.answer('income', it.revision('1.0.0'), { requests: 300 });
  it.fleet.answer('income', it.revision('2.0.0'), { requests: 30 });
  await it.after(1);
  it.fleet.answer('income', it.revision('2.0.0'), { requests: 30, errors: 28 });
  await it.after(1);
  it.github.isGreen = true;
  for (let i = 0; i < 4; i++) await it.after(1);
  return {
    calls: it.kill.calls,
    serving: await it.serving(),
    kinds: (await it.lines()).map(({ kind, key: of }) => `${kind} ${of.replace(/\d{4}-\S+Z/, '')}`),
    pulls: it.github.pulls.length,
    comments: it.github.comments.length,
  };
}

const noFiles = async (sha256: string): Promise<AsyncIterable<Uint8Array>> => {
  throw new Error(`no file ${sha256} is needed here`);
};

async function stage({ policy = '', isBroken = false } = {}) {
  let now = new Date('2026-11-21T10:00:00Z');
  const clock = () => now;
  const github = recordingGithub();
  const fleet = createMemoryFleet(clock);
  const ledger = memoryLedger(key);
  const evaluations: Evaluation[] = [];
  const writes: string[] = [];
  const logged: string[] = [];
  const kill: { before?: number | undefined; calls: number; isDead: boolean } = { calls: 0, isDead: false };
  /** Counts the writes of the process, and lets it die before one of them. */
  const living =
    <A extends readonly unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      kill.calls += 1;
      kill.isDead ||= kill.calls === kill.before;
      if (kill.isDead) throw new Error('killed');
      return write(...args);
    };
  const driver: FleetDriver & Pick<typeof fleet, 'stats'> = {
    observe: (abort) => fleet.observe(abort),
    apply: living(async (action, source, abort) => {
      writes.push(action.kind);
      return fleet.apply(action, source, abort);
    }),
    stats: fleet.stats,
  };
  const open = () =>
    createRollouts({
      repository,
      github: {
        ...github,
        putDeploymentStatus: living((status, abort) => github.putDeploymentStatus(status, abort)),
        comment: living((on, of, text, abort) => github.comment(on, of, text, abort)),
        openRevert: living((revert, abort) => github.openRevert(revert, abort)),
      },
      fleet: driver,
      ledger: { ...ledger, append: living((events) => ledger.append(events)) },
      evaluate: async (evaluation) => {
        evaluations.push(evaluation);
        return reportOf('2.0.0', 'success');
      },
      selfTestsOf: async () => [],
      backgroundOf: async () => undefined,
      cacheFolder: '/nonexistent',
      clock,
      log: (message) => void logged.push(message),
      signal,
    });
  let rollouts = open();

  const policyText = [
    'models: models/*/model.yaml',
    'fleets: { production: { driver: local } }',
    ...(policy.includes('revert') ? [] : ['revert: merge']),
    policy,
  ].join('\n');
  const files = (version: string) => ({
    '.github/slipway.yml': policyText,
    [`${folder}/model.yaml`]: manifestOf(version),
    [`${folder}/model.onnx`]: graphOf(version),
  });
  const parsedOf = (version: string) => {
    const parsed = parseManifest(manifestOf(version), `${folder}/model.yaml`);
    if (parsed.kind === 'refused') throw new Error(parsed.problems.map(({ reason }) => reason).join('; '));
    return parsed.loaded;
  };

  const self = {
    github: github,
    fleet,
    evaluations,
    writes,
    kill,
    policy: policyText,
    now: clock,
    wish: { model: 'income', by: 'ola', source: 'https://github.example/comment/1' },
    get rollouts() {
      return rollouts;
    },
    get say() {
      return rollouts;
    },
    revision: (version: string) => parsedOf(version).revision,
    lines: async (): Promise<readonly LedgerLine[]> => (await ledger.read()).lines,
    kinds: async (from = 0) => (await self.lines()).slice(from).map(({ kind }) => kind),
    last: async (kind: string) => (await self.lines()).findLast((line) => line.kind === kind),
    observed: async (): Promise<ObservedModel> => {
      const [found] = (await fleet.observe(signal)).models;
      if (found === undefined) throw new Error('the fleet serves nothing');
      return found;
    },
    state: async () => {
      const state = stateOf(await self.observed());
      if (state === undefined) throw new Error('the fleet keeps no state');
      return state;
    },
    serving: async () => {
      const { effective, revisions } = await self.observed();
      return effective.map(
        ({ revision, weight }) => `${revisions.find((each) => each.revision === revision)?.version} ${weight} %`,
      );
    },
    /** Turns a second apart; a process that was killed is started anew before the next. */
    turns: async (count: number) => {
      for (let i = 0; i < count; i++) {
        now = new Date(now.getTime() + 1000);
        await rollouts.turn(now, signal);
        if (kill.isDead) {
          kill.isDead = false;
          rollouts = open();
          await rollouts.turn(now, signal);
        }
      }
    },
    after: async (minutes: number) => {
      now = new Date(now.getTime() + minutes * MINUTE_MS);
      await self.turns(1);
    },
    push: async (version: string, pullRequest?: number) => github.push(files(version), pullRequest),
    merge: async (
      version: string,
      pullRequest: number,
      { conclusion = 'success', baseline }: { conclusion?: Report['conclusion']; baseline?: string } = {},
    ) => {
      const commit = await self.push(version, pullRequest);
      const report = await ledger.putReport(reportOf(version, conclusion));
      const running = (await self.observed()).arms[0]?.revision;
      await ledger.append([
        checkedEventOf({
          model: 'income',
          version,
          revision: parsedOf(version).revision,
          pullRequest,
          commit,
          tree: github.tree(commit, folder) ?? '',
          baseline: baseline ?? running ?? 'none',
          conclusion,
          checks: [{ name: 'baseline', conclusion: 'success' }],
          report,
          at: now.toISOString(),
        }),
      ]);
    },
    waive: async (issue: number) => {
      const refusal = await self.last('refused');
      const report = await ledger.report(refusal?.report ?? '');
      const covers = report?.checks.flatMap(({ findings }) => findings.map(waiverKeyOf)) ?? [];
      const data = { finding: 'everything', until: '2027-01-01T00:00:00Z', covers, subject: issue };
      await ledger.append([
        {
          kind: 'waived',
          key: `waived/${issue}`,
          at: now.toISOString(),
          actor: 'rui',
          model: 'income',
          because: 'known',
          data,
        },
      ]);
    },
    /** Traffic that is good enough, time that is long enough. */
    throughCanary: async (version: string) => {
      const stable = (await self.state()).rollout?.stable?.revision ?? '';
      fleet.answer('income', parsedOf(version).revision, { requests: 1200 });
      fleet.answer('income', stable, { requests: 10_000 });
      for (let minute = 0; minute <= 11; minute++) await self.after(1);
      await self.turns(3);
    },
    promote: async (version: string, pullRequest: number) => {
      await self.merge(version, pullRequest);
      await self.turns(3);
      await self.throughCanary(version);
    },
  };
  github.push(files('1.0.0'));
  if (isBroken) fleet.loading.set(parsedOf('1.0.0').revision, 'failed');
  await self.turns(3);
  return self;
}

/** A version that ends with `-shadow` is tried in shadow first. */
function manifestOf(version: string): string {
  return `apiVersion: slipway/v1
kind: Model
name: income
version: ${version}
artifact: { uri: model.onnx, sha256: ${createHash('sha256').update(graphOf(version)).digest('hex')} }
evaluation:
  data: { uri: evaluation.csv, sha256: ${'ab'.repeat(32)} }
  label: income
rollout:
  steps: [${version.endsWith('-shadow') ? '{ shadow: 10m }, ' : ''}{ weight: 10, for: 10m }]
`;
}

function graphOf(version: string): string {
  return `graph of ${version}`;
}

function reportOf(version: string, conclusion: Report['conclusion']): Report {
  const verdict = conclusion === 'success' ? 'pass' : 'fail';
  return {
    model: 'income',
    version,
    revision: 'sha256:0',
    digest: 'sha256:0',
    baseline: { kind: 'production' },
    conclusion,
    checks: [
      {
        name: 'baseline',
        conclusion: conclusion === 'success' ? 'success' : 'failure',
        title: 'log_loss',
        durationMs: 1,
        required: true,
        findings: [
          {
            id: 'baseline/log_loss',
            verdict,
            severity: 'blocking',
            reason: 'log_loss 0.351 against 0.320',
            measured: {},
          },
        ],
      },
    ],
    defaults: {},
    environment: { slipway: '0', node: '24', onnxruntime: '1', cpu: 'x', isolation: 'process' },
  };
}
