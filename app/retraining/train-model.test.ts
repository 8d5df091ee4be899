import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { smallestManifest } from '../../checks/manifest/manifest-samples.ts';
import { models, startSample, type Sample } from '../../fixtures/github/start-sample.ts';
import { folderObjectStore } from '../github/object-store.ts';
import type { Repository } from '../github/request.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { ledgerKey } from '../ledger/ledger-key.ts';
import { memoryLedger } from '../ledger/memory-ledger.ts';
import { trainModel } from './train-model.ts';
import { trainingGround } from './training-ground.ts';

const signal = AbortSignal.timeout(120_000);
const key = ledgerKey(
  generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs1' }).toString(),
);
const name = 'acme/models';
const wish = { model: 'income', by: 'ola', because: 'asked for', key: 'comment 1', at: new Date(0) };
const ofOneModel = 'on: { workflow_dispatch: }\njobs: {}\n';
const ofAnyModel =
  'run-name: train ${{ inputs.model }}\non: { workflow_dispatch: { inputs: { model: { type: string } } } }\njobs: {}\n';

describe('training a deployed model anew by its own workflow', { timeout: 120_000 }, () => {
  let sample: Sample;
  let repository: Repository;
  let folder: string;
  let ledger: Ledger;
  beforeEach(async () => {
    sample = await startSample();
    folder = await mkdtemp(join(tmpdir(), 'slipway-train-'));
    ledger = memoryLedger(key);
    repository = {
      owner: models.owner,
      repo: models.repo,
      botLogin: 'slipway[bot]',
      request: sample.asApp.request as Repository['request'],
    };
  });
  afterEach(async () => {
    await sample.close();
    await rm(folder, { recursive: true, force: true });
  });

  const commit = (workflow: string | undefined, lifetime = 'lifetime: { retrain: { workflow: retrain.yml } }\n') =>
    sample.github.commit({
      repository: name,
      branch: 'main',
      message: 'training',
      by: 'alice',
      files: {
        'models/income/model.yaml': smallestManifest + lifetime,
        ...(workflow === undefined ? {} : { '.github/workflows/retrain.yml': workflow }),
      },
    });
  const train = async (over: Partial<typeof wish> = {}) => {
    const ground = await trainingGround(
      { repository, ledger, store: folderObjectStore(join(folder, 'objects')) },
      signal,
    );
    if (ground === undefined) throw new Error('the sample has commits');
    return trainModel(ground, { ...wish, ...over }, signal);
  };
  const runs = () => sample.github.workflowRuns(name);

  it('dispatches it on the default branch with the model’s name, and writes who asked into the ledger', async () => {
    await commit(ofAnyModel);
    expect(await train()).toMatchObject({ kind: 'done', text: expect.stringContaining('/actions/runs/') });
    expect(runs()).toMatchObject([{ headBranch: 'main', inputs: { model: 'income' }, title: 'train income' }]);
    const { lines } = await ledger.read();
    expect(lines).toMatchObject([
      { kind: 'retraining', key: 'retraining/income/comment 1', actor: 'ola', model: 'income', because: 'asked for' },
    ]);
    expect(sample.github.violations()).toEqual([]);
  });

  it('dispatches one that is for one model alone, and takes no name', async () => {
    await commit(ofOneModel);
    expect(await train()).toMatchObject({ kind: 'done' });
    expect(runs()).toMatchObject([{ inputs: {} }]);
  });

  it('starts one for each wish, and none while one is under way', async () => {
    await commit(ofAnyModel);
    const first = await train();
    expect(await train()).toEqual(first);
    expect(await train({ key: 'comment 2' })).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('already'),
    });
    expect(runs()).toHaveLength(1);
    await sample.github.finishRun(name, runs()[0]?.id ?? 0, { conclusion: 'success' });
    expect(await train({ key: 'comment 2' })).toMatchObject({ kind: 'done' });
    expect(runs()).toHaveLength(2);
  });

  it('finds the run that a process started and could not write down', async () => {
    await commit(ofAnyModel);
    const kept = ledger;
    ledger = { ...kept, append: () => Promise.reject(new Error('killed')) };
    await expect(train()).rejects.toThrow('killed');
    ledger = kept;
    expect(await train()).toMatchObject({ kind: 'done' });
    expect(runs()).toHaveLength(1);
    expect((await ledger.read()).lines).toHaveLength(1);
  });

  it('says what lacks', async () => {
    await commit(undefined, '');
    expect((await train()).text).toContain('it needs `lifetime: { retrain: { workflow: FILE.yml } }`');
    expect((await train({ model: 'nobody' })).text).toBe('The default branch has no model `nobody`.');
    await commit(undefined);
    expect((await train()).text).toContain('no `.github/workflows/retrain.yml` on its default branch');
    await commit('on: push\njobs: {}\n');
    expect((await train()).text).toContain("'workflow_dispatch' trigger");
    expect((await ledger.read()).lines).toEqual([]);
  });
});
