import type { ApplicationFunction } from 'probot';
import type { Intake } from './intake.ts';
import { onCheckRun } from './on-check-run.ts';
import { onCheckSuite } from './on-check-suite.ts';
import { onInstallation } from './on-installation.ts';
import { onIssueComment } from './on-issue-comment.ts';
import { onPullRequest } from './on-pull-request.ts';
import { onPullRequestReview } from './on-pull-request-review.ts';
import { onPush } from './on-push.ts';
import { onWorkflowRun } from './on-workflow-run.ts';

/** The Probot application: one line an event. A handler only asks for work, so a webhook is answered at once. */
export function slipwayApp(intake: Intake): ApplicationFunction {
  return (app) => {
    app.on('pull_request', ({ payload }) => onPullRequest(payload, intake));
    app.on(['pull_request_review.submitted', 'pull_request_review.dismissed'], ({ payload }) =>
      onPullRequestReview(payload, intake),
    );
    app.on(['check_run.rerequested', 'check_run.requested_action'], ({ payload }) => onCheckRun(payload, intake));
    app.on('check_suite.rerequested', ({ payload }) => onCheckSuite(payload, intake));
    app.on('push', ({ payload }) => onPush(payload, intake));
    app.on('workflow_run.completed', ({ payload }) => onWorkflowRun(payload, intake));
    app.on('issue_comment.created', ({ payload }) => onIssueComment(payload, intake));
    app.on('installation.created', ({ payload }) => onInstallation(payload, intake));
    app.on('installation_repositories.added', ({ payload }) => onInstallation(payload, intake));
  };
}
