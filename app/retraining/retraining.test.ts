import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { smallestManifest } from '../../checks/manifest/manifest-samples.ts';
import { parseManifest } from '../../checks/manifest/parse-manifest.ts';
import { defaultPolicy } from '../../checks/manifest/parse-policy.ts';
import type { RunEnd } from '../../fixtures/github/github.ts';
import { models, startSample, type Sample } from '../../fixtures/github/start-sample.ts';
import { boundedSet } from '../bounded-set.ts';
import { historyMemory } from '../github/history.ts';
import { folderObjectStore } from '../github/object-store.ts';
import { readPullRequest } from '../github/pull-requests.ts';
import type { Repository } from '../github/request.ts';
import type { Outcome } from '../proposals/check-proposal.ts';
import { askForRetraining, forkOf } from './ask-for-retraining.ts';
import { retrainAlways } from './retrain-always.ts';
import { artifactNameOf, retrainedOf, RETRAIN_WORKFLOW, retrainable } from './retraining.ts';
import { trainedProposals } from './tell-ended.ts';
import { zipOf } from './zip.fixture.ts';

const signal = AbortSignal.timeout(120_000);
const name = 'acme/models';
const workflow = readFileSync(join(import.meta.dirname, RETRAIN_WORKFLOW), 'utf8');
const training = 'reproducibility: { training: { commit: 9f2c0b1, command: python train.py --seed 7 } }\n';

function loadedOf(yaml: string) {
  const parsed = parseManifest(yaml, 'models/a/model.yaml');
  if (parsed.kind === 'refused') throw new Error('the manifest is valid');
  return parsed.loaded;
}

describe('training a proposed model again in the repository’s own Actions', { timeout: 120_000 }, () => {
  let sample: Sample;
  let repository: Repository;
  let cacheFolder: string;
  beforeEach(async () => {
    sample = await startSample();
    cacheFolder = await mkdtemp(join(tmpdir(), 'slipway-retrained-'));
    repository = {
      owner: models.owner,
      repo: models.repo,
      botLogin: 'slipway[bot]',
      request: sample.asApp.request as Repository['request'],
    };
  });
  afterEach(async () => {
    await sample.close();
    await rm(cacheFolder, { recursive: true, force: true });
  });

  const addWorkflow = (text = workflow) =>
    sample.github.commit({
      repository: name,
      branch: 'main',
      message: 'retraining',
      by: 'alice',
      files: { [`.github/workflows/${RETRAIN_WORKFLOW}`]: text },
    });
  const manifest = (more: string) => smallestManifest.replace('name: income', 'name: a') + more;
  const ask = (number: number, model = 'a') =>
    askForRetraining(
      { repository, store: folderObjectStore(join(cacheFolder, 'objects')), history: historyMemory() },
      { number, model },
      signal,
    );
  const onlyRun = () => {
    const [run, ...others] = sample.github.workflowRuns(name);
    if (run === undefined || others.length > 0) throw new Error(`there are ${others.length} more runs than one`);
    return run;
  };
  const end = (ended: RunEnd) => sample.github.finishRun(name, onlyRun().id, ended);
  const zipped = (bytes: Uint8Array) => ({ [artifactNameOf('a')]: zipOf([{ name: 'model.onnx', bytes }]) });
  const retrained = (headSha: string, policy = defaultPolicy) =>
    retrainedOf({ repository, cacheFolder }, { headSha, loaded: loadedOf(manifest(training)), policy }, signal);

  it('is dispatched on the proposal’s branch with what the manifest says, once at a time', async () => {
    await addWorkflow();
    const { number, sha } = await sample.propose('two', manifest(training));
    expect(await ask(number)).toMatchObject({ kind: 'done', text: expect.stringContaining('/actions/runs/') });
    expect(onlyRun()).toMatchObject({
      headBranch: 'two',
      headSha: sha,
      inputs: {
        model: 'a',
        manifest: 'models/a/model.yaml',
        command: 'python train.py --seed 7',
        repository: name,
        commit: '9f2c0b1',
        artifact: 'slipway-retrained-a',
      },
    });
    expect(await ask(number)).toMatchObject({ kind: 'refused', text: expect.stringContaining('already') });
    expect(sample.github.violations()).toEqual([]);
  });

  it('says why it is not started', async () => {
    const { number } = await sample.propose('two', manifest(training));
    expect(await ask(number)).toMatchObject({ text: expect.stringContaining('no `.github/workflows/slipway-retrain') });
    expect(await ask(number, 'b')).toMatchObject({ text: expect.stringContaining('it changes `a`') });
    expect(await ask(99)).toMatchObject({ text: expect.stringContaining('for an open pull request') });
    await addWorkflow('on: push\njobs: {}\n');
    const late = await sample.propose('three', manifest(training));
    expect(await ask(late.number)).toMatchObject({ text: expect.stringContaining("'workflow_dispatch' trigger") });
    const never = await sample.propose('four', manifest(training.replace('command', 'retrain: never, command')));
    expect(await ask(never.number)).toMatchObject({ text: expect.stringContaining('does not say how') });
  });

  it('gives the model that it made to the judgement, and fetches it once', async () => {
    await addWorkflow();
    const { number, sha } = await sample.propose('two', manifest(training));
    await ask(number);
    expect(await retrained(sha)).toBeUndefined();
    const model = Buffer.from('an ONNX file');
    await end({ conclusion: 'success', artifacts: zipped(model) });
    const found = await retrained(sha);
    expect(found?.label).toContain('/actions/runs/');
    expect(await readFile(found?.file ?? '')).toEqual(model);
    expect(await retrained(sha)).toEqual(found);
    expect(await retrained('0'.repeat(40))).toBeUndefined();
    expect(await trainedProposals(repository, sha, signal)).toEqual([number]);
    await sample.github.settled();
    const heard = sample.receiver.received.filter(({ name: told }) => told === 'workflow_run.completed');
    expect(heard).toHaveLength(1);
    expect(sample.github.violations()).toEqual([]);
  });

  it('says what is wrong with an artifact that cannot be used', async () => {
    await addWorkflow();
    const { number, sha } = await sample.propose('two', manifest(training));
    await ask(number);
    const bytes = Buffer.from(Array.from({ length: 4000 }, (_, index) => (index * 7919) % 251));
    await end({ conclusion: 'success', artifacts: zipped(bytes) });
    const small = { ...defaultPolicy, limits: { ...defaultPolicy.limits, artifactMb: 0.0001 } };
    const found = await retrained(sha, small);
    expect(found?.label).toMatch(/its artifact has \d+ bytes; at most 100 are read/);
    expect(await readFile(found?.file ?? 'nothing', 'utf8')).toBe('');
  });

  it('tells once of a training that failed, and gives nothing to compare with', async () => {
    await addWorkflow();
    const { number, sha } = await sample.propose('two', manifest(training));
    await ask(number);
    await end({ conclusion: 'failure' });
    expect(await retrained(sha)).toBeUndefined();
    for (let time = 0; time < 2; time += 1) await trainedProposals(repository, sha, signal);
    const { data } = await sample.asApp.rest.issues.listComments({ ...models, issue_number: number });
    expect(data.map(({ body }) => body)).toEqual([expect.stringContaining('ended with `failure`')]);
  });

  it('starts by itself where the manifest says always, once a commit', async () => {
    await addWorkflow();
    const yaml = manifest(training.replace('command', 'retrain: always, command'));
    const { number } = await sample.propose('two', yaml);
    const pull = await readPullRequest(repository, number, signal);
    if (pull === undefined) throw new Error('the pull request is there');
    const outcome = { judgement: { loaded: loadedOf(yaml) } } as Outcome;
    const always = () => retrainAlways({ repository, retrainingsAsked: boundedSet(10) }, pull, [outcome], signal);
    await always();
    await always();
    expect(onlyRun().headSha).toBe(pull.headSha);
    await retrainAlways(
      { repository, retrainingsAsked: boundedSet(10) },
      { ...pull, headSha: '0'.repeat(40), headRepository: 'eve/models' },
      [outcome],
      signal,
    );
    expect(sample.github.workflowRuns(name)).toHaveLength(1);
  });

  it('never runs for a fork', async () => {
    const { number } = await sample.propose('two', manifest(training));
    const pull = await readPullRequest(repository, number, signal);
    if (pull === undefined) throw new Error('the pull request is there');
    expect(forkOf(pull, repository)).toBeUndefined();
    expect(forkOf({ ...pull, headRepository: 'eve/models' }, repository)).toBe('eve/models');
    const { headRepository: _, ...gone } = pull;
    expect(forkOf(gone, repository)).toBe('a repository that is gone');
  });
});

it('takes a command, and a manifest that does not say never', () => {
  expect(retrainable(loadedOf(smallestManifest))).toBeUndefined();
  expect(retrainable(loadedOf(smallestManifest + training))?.command).toBe('python train.py --seed 7');
  expect(
    retrainable(loadedOf(smallestManifest + training.replace('command', 'retrain: never, command'))),
  ).toBeUndefined();
});

it('is documented with the very workflow that these tests dispatch', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/github.md'), 'utf8')).toContain(workflow);
});
