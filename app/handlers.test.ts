import { describe, expect, it } from 'vitest';
import type { Intake } from './intake.ts';
import { onCheckRun } from './on-check-run.ts';
import { onCheckSuite } from './on-check-suite.ts';
import { onInstallation } from './on-installation.ts';
import { onIssueComment } from './on-issue-comment.ts';
import { onPullRequest } from './on-pull-request.ts';
import { onPullRequestReview } from './on-pull-request-review.ts';
import { onPush } from './on-push.ts';
import { onWorkflowRun } from './on-workflow-run.ts';

const from = { installation: { id: 5 }, repository: { full_name: 'acme/models', default_branch: 'main' } };
const place = { installation: 5, owner: 'acme', repo: 'models' };

/** Keeps what was asked for. */
function recorder() {
  const asked: unknown[] = [];
  const note =
    (name: string) =>
    (...given: readonly unknown[]) => {
      asked.push([name, ...given]);
    };
  const intake: Intake = {
    proposal: note('proposal'),
    proposalsAt: note('proposalsAt'),
    proposalClosed: note('proposalClosed'),
    approvals: note('approvals'),
    trained: note('trained'),
    comment: note('comment'),
    button: note('button'),
    pushed: note('pushed'),
    installed: note('installed'),
  };
  return { intake, asked };
}

describe('a webhook only asks for work', () => {
  it.each([
    ['opened', {}, [['proposal', place, 12, 'quiet']]],
    ['synchronize', {}, [['proposal', place, 12, 'quiet']]],
    ['reopened', {}, [['proposal', place, 12, 'quiet']]],
    ['ready_for_review', {}, [['proposal', place, 12, 'quiet']]],
    ['edited', { changes: { title: { from: 'x' } } }, []],
    ['edited', { changes: { base: { ref: { from: 'x' } } } }, [['proposal', place, 12, 'quiet']]],
    ['closed', {}, [['proposalClosed', place, 12]]],
    ['labeled', {}, []],
  ])('pull_request %s %j', (action, more, expected) => {
    const { intake, asked } = recorder();
    onPullRequest({ ...from, action, pull_request: { number: 12 }, ...more }, intake);
    expect(asked).toEqual(expected);
  });

  it('pull_request_review: who approves', () => {
    const { intake, asked } = recorder();
    onPullRequestReview({ ...from, pull_request: { number: 12 } }, intake);
    expect(asked).toEqual([['approvals', place, 12]]);
  });

  it.each([
    ['.github/workflows/slipway-retrain.yml', [['trained', place, 'c0ffee']]],
    ['.github/workflows/slipway-retrain.yml@refs/heads/x', [['trained', place, 'c0ffee']]],
    ['.github/workflows/ci.yml', []],
  ])('workflow_run of %s', (path, expected) => {
    const { intake, asked } = recorder();
    onWorkflowRun({ ...from, workflow_run: { path, head_sha: 'c0ffee' } }, intake);
    expect(asked).toEqual(expected);
  });

  const run = { id: 9, name: 'income/baseline', external_id: '12/income/baseline/2' };
  const press = { pullRequest: 12, checkRun: 9, name: 'income/baseline', by: 'ola' };
  it.each([
    ['rerequested', undefined, [['proposal', place, 12, 'fresh']]],
    ['requested_action', 're-run', [['proposal', place, 12, 'fresh']]],
    ['requested_action', 'waive', [['button', place, { identifier: 'waive', ...press }]]],
    ['requested_action', 'explain', [['button', place, { identifier: 'explain', ...press }]]],
    ['requested_action', 'format-my-disk', []],
    ['completed', undefined, []],
  ])('check_run %s %s', (action, identifier, expected) => {
    const { intake, asked } = recorder();
    const requested = identifier === undefined ? {} : { requested_action: { identifier } };
    onCheckRun({ ...from, action, check_run: run, sender: { login: 'ola' }, ...requested }, intake);
    expect(asked).toEqual(expected);
  });

  it.each(['', 'x', '0/a/1', '12', '12/a', `${'9'.repeat(11)}/a/1`])(
    'leaves a check run alone whose external id is %j',
    (external_id) => {
      const { intake, asked } = recorder();
      onCheckRun(
        { ...from, action: 'rerequested', check_run: { ...run, external_id }, sender: { login: 'ola' } },
        intake,
      );
      expect(asked).toEqual([]);
    },
  );

  it('check_suite rerequested: by the head, since forks are not named', () => {
    const { intake, asked } = recorder();
    onCheckSuite({ ...from, action: 'rerequested', check_suite: { head_sha: 'abc' } }, intake);
    onCheckSuite({ ...from, action: 'completed', check_suite: { head_sha: 'abc' } }, intake);
    expect(asked).toEqual([['proposalsAt', place, 'abc']]);
  });

  it.each([
    ['refs/heads/main', [['pushed', place]]],
    ['refs/heads/main-2', []],
    ['refs/tags/main', []],
    ['refs/slipway/ledger', []],
  ])('push to %s', (ref, expected) => {
    const { intake, asked } = recorder();
    onPush({ ...from, ref }, intake);
    expect(asked).toEqual(expected);
  });

  it('issue_comment: created ones only', () => {
    const comment = {
      id: 7,
      body: '/status',
      user: { login: 'ola', type: 'User' },
      html_url: 'https://g/acme/models/pull/12#issuecomment-7',
      issue_url: 'https://api.g/repos/acme/models/issues/12',
      created_at: '2026-11-21T12:00:00Z',
      updated_at: '2026-11-21T12:00:00Z',
    };
    const { intake, asked } = recorder();
    onIssueComment({ ...from, action: 'created', comment }, intake);
    onIssueComment({ ...from, action: 'edited', comment }, intake);
    expect(asked).toEqual([
      ['comment', place, expect.objectContaining({ id: 7, issue: 12, login: 'ola', isBot: false })],
    ]);
  });

  it('installation: each repository that it brings', () => {
    const { intake, asked } = recorder();
    const installation = { id: 5 };
    onInstallation({ action: 'created', installation, repositories: [{ full_name: 'acme/models' }] }, intake);
    onInstallation({ action: 'added', installation, repositories_added: [{ full_name: 'acme/other' }] }, intake);
    onInstallation({ action: 'deleted', installation, repositories: [{ full_name: 'acme/models' }] }, intake);
    expect(asked).toEqual([
      ['installed', place],
      ['installed', { ...place, repo: 'other' }],
    ]);
  });

  it('refuses a webhook that is not an App’s', () => {
    const { intake } = recorder();
    expect(() => onPush({ ref: 'refs/heads/main', repository: from.repository }, intake)).toThrow(
      /acme\/models names no installation/,
    );
  });
});
