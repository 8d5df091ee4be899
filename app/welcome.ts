import { defaultPolicy } from '../checks/manifest/parse-policy.ts';
import { findOrCreate } from './github/find-or-create.ts';
import { markerOf } from './github/comments.ts';
import { readDefaultBranch } from './github/default-branch.ts';
import type { ObjectStore } from './github/object-store.ts';
import { allPages } from './github/pages.ts';
import { readPolicy } from './github/policy.ts';
import type { Repository } from './github/request.ts';
import { githubSnapshot } from './github/snapshot.ts';
import { manifestsOf } from './proposals/changed-models.ts';

const pageLimit = 20;

/** A repository without models is told once how the first one comes in. Closing the issue is answer enough. */
export async function welcome(repository: Repository, store: ObjectStore, signal: AbortSignal): Promise<void> {
  const main = await readDefaultBranch(repository, signal);
  const snapshot = main === undefined ? undefined : githubSnapshot(repository, main.sha, store);
  const { policy } = snapshot === undefined ? { policy: defaultPolicy } : await readPolicy(snapshot, signal);
  if (snapshot !== undefined && (await manifestsOf(snapshot, policy.models, signal)).length > 0) return;
  const { owner, repo, request } = repository;
  const marker = markerOf('welcome');
  const find = async () => {
    const issues = await allPages(async (page) => {
      const { data } = await request('GET /repos/{owner}/{repo}/issues', {
        owner,
        repo,
        state: 'all',
        ...page,
        request: { signal },
      });
      return data;
    }, pageLimit);
    const found = issues.find(({ body, user }) => user?.type === 'Bot' && (body ?? '').includes(marker));
    return found === undefined ? undefined : true;
  };
  await findOrCreate(find, async () => {
    await request('POST /repos/{owner}/{repo}/issues', {
      owner,
      repo,
      title: 'Slipway is here: how the first model comes in',
      body: `${marker}\n${welcomeText(policy.models)}`,
      request: { signal },
    });
    return true;
  });
}

function welcomeText(models: string): string {
  return `From now on a pull request that adds a model manifest is a proposal to deploy that model: checks judge it, merging rolls it out, a comment rolls it back.

No file matches \`${models}\` yet. Put a model, its evaluation data and this beside them into a folder of their own, and open a pull request:

\`\`\`yaml
# ${models.replace('*', 'income')}
apiVersion: slipway/v1
kind: Model
name: income
version: 1.0.0
artifact: { uri: model.onnx, sha256: … }        # sha256sum model.onnx
evaluation:
  data: { uri: evaluation.parquet, sha256: … }  # rows it has not seen in training
  label: income                                 # the column that it predicts
\`\`\`

\`slipway init income.onnx --data evaluation.parquet --label income\` writes it. Then require the check \`slipway\` on the default branch, so that nothing is merged that did not pass; \`.github/slipway.yml\` says what is required and who may say what.
`;
}
