import { folderOf, parseManifest } from '../../checks/manifest/parse-manifest.ts';
import type { Report } from '../../checks/report/report.ts';
import { readPullRequest } from '../github/pull-requests.ts';
import { githubHistory } from '../github/history.ts';
import { readPolicy } from '../github/policy.ts';
import type { Evaluation } from '../rollouts/judge.ts';
import { manifestPathOf } from './changed-models.ts';
import { governanceOfPull, rolloutsOf } from './governance.ts';
import { retrainedOf } from '../retraining/retraining.ts';
import { monitoringOf } from './judge-model.ts';
import type { JudgeParts } from './judge-model.ts';
import type { LookParts } from './look-at-proposal.ts';
import { windowOf } from './recorded-window.ts';

/**
 * Judges what the default branch names already, as its merge found the branch: its tree was never judged, or production has
 * changed since. The same checks as for a proposal; who asks keeps the result.
 */
export async function evaluate(
  parts: JudgeParts & LookParts & { readonly appId: number },
  evaluation: Evaluation,
  signal: AbortSignal,
): Promise<Report> {
  const { path, proposal, production, waivers, model, pullRequest } = evaluation;
  const { repository, store } = parts;
  const { policy } = await readPolicy(proposal, signal);
  const history = githubHistory(repository, {
    tip: proposal.commit,
    pathOf: (name) => manifestPathOf(policy.models, name),
    memory: parts.history,
    store,
  });
  const base = await history.before(folderOf(path), signal);
  const source = await proposal.read(path, signal);
  const parsed = source === undefined ? undefined : parseManifest(Buffer.from(source).toString('utf8'), path, policy);
  if (parsed?.kind !== 'parsed') throw new Error(`${path} at ${proposal.label} cannot be read as a manifest`);
  const window = await windowOf(
    parts,
    {
      model,
      windowMs: parsed.loaded.manifest.drift.windowMs,
      key: [proposal.commit, model, 'merged'].join('-'),
      fresh: true,
    },
    signal,
  );
  const { lines } = await parts.ledger.read(signal);
  const pull = pullRequest === undefined ? undefined : await readPullRequest(repository, pullRequest, signal);
  const people = pull === undefined ? {} : await governanceOfPull(parts, pull, base ?? proposal, signal);
  const retrained =
    pull === undefined
      ? undefined
      : await retrainedOf(parts, { headSha: pull.headSha, loaded: parsed.loaded, policy }, signal);
  return parts.checkModel(
    {
      path,
      proposal,
      ...(base === undefined ? {} : { base }),
      ...(production === undefined ? {} : { production }),
      versions: history,
      policy,
      ...(window === undefined ? {} : { window }),
      ...(retrained === undefined ? {} : { retrained }),
      governance: {
        ...people,
        rollouts: rolloutsOf(lines, model),
        monitoring: monitoringOf(parts, model, window !== undefined),
      },
      waivers,
    },
    { cacheFolder: parts.cacheFolder, now: parts.now(), signal },
  );
}
