import { createHash } from 'node:crypto';
import type { DeploymentStatus } from '../github/deployments.ts';
import type { TreeSnapshot } from './desired-models.ts';
import type { GithubSide, Revert } from './github-side.ts';

/** Path -> content. */
type Files = Readonly<Record<string, string>>;

interface Pull {
  readonly number: number;
  readonly revert: Revert;
  state: 'open' | 'merged' | 'closed';
}

/** GitHub as far as rollouts ask for it, with a branch that tests move and a record of everything that was written. */
export interface RecordingGithub extends GithubSide {
  /** Moves the default branch; `pullRequest`: it was merged from there. */
  push(files: Files, pullRequest?: number): string;
  readonly pulls: Pull[];
  readonly statuses: DeploymentStatus[];
  readonly comments: { readonly on: number; readonly key: string; readonly text: string }[];
  readonly issues: { readonly number: number; readonly key: string; title: string; body: string; isOpen: boolean }[];
  /** Whether the summary check of every pull request is green. */
  isGreen: boolean;
  /** When set, every write fails with this. */
  outage?: string;
  readonly tree: (commit: string, folder: string) => string | undefined;
}

export function recordingGithub(): RecordingGithub {
  const commits = new Map<string, { readonly files: Files; readonly pullRequest?: number }>();
  const history: string[] = [];
  let nextNumber = 100;

  const write = (): void => {
    if (github.outage !== undefined) throw new Error(github.outage);
  };
  const treeOf = (files: Files, folder: string): string | undefined => {
    const inside = Object.entries(files).filter(([path]) => path.startsWith(`${folder}/`));
    return inside.length === 0 ? undefined : digest(JSON.stringify(inside.toSorted(([a], [b]) => a.localeCompare(b))));
  };
  const filesAt = (commit: string): Files => commits.get(commit)?.files ?? {};
  const snapshot = (commit: string): TreeSnapshot => ({
    label: commit,
    commit,
    list: async () => Object.keys(filesAt(commit)),
    read: async (path) => {
      const text = filesAt(commit)[path];
      return text === undefined ? undefined : new TextEncoder().encode(text);
    },
    objectAt: async (path) => treeOf(filesAt(commit), path),
  });

  const github: RecordingGithub = {
    pulls: [],
    statuses: [],
    comments: [],
    issues: [],
    isGreen: false,
    push(files, pullRequest) {
      const sha = digest(`${history.length} ${JSON.stringify(files)}`);
      commits.set(sha, { files, ...(pullRequest === undefined ? {} : { pullRequest }) });
      history.push(sha);
      return sha;
    },
    tree: (commit, folder) => treeOf(filesAt(commit), folder),
    defaultBranch: async () => {
      const sha = history.at(-1);
      return sha === undefined ? undefined : { name: 'main', sha };
    },
    snapshot,
    originOf: async (folder, tip) => {
      const upTo = history.slice(0, history.indexOf(tip) + 1);
      const now = treeOf(filesAt(tip), folder);
      const commit = upTo.find((_, i) => upTo.slice(i).every((later) => treeOf(filesAt(later), folder) === now)) ?? tip;
      const pullRequest = commits.get(commit)?.pullRequest;
      return {
        commit,
        ...(pullRequest === undefined ? {} : { pullRequest: { number: pullRequest, approvals: ['rui'] } }),
      };
    },
    putDeploymentStatus: async (status) => {
      write();
      github.statuses.push(status);
    },
    comment: async (on, key, text) => {
      write();
      if (!github.comments.some((each) => each.key === key)) github.comments.push({ on, key, text });
    },
    putIssue: async ({ key, title, body }) => {
      write();
      const open = github.issues.find((each) => each.key === key && each.isOpen);
      if (open !== undefined) return Object.assign(open, { title, body }).number;
      const number = nextNumber++;
      github.issues.push({ number, key, title, body, isOpen: true });
      return number;
    },
    closeIssue: async (number) => {
      write();
      for (const issue of github.issues) if (issue.number === number) issue.isOpen = false;
    },
    openRevert: async (revert) => {
      write();
      const there = github.pulls.find((each) => each.revert.key === revert.key);
      const number = there?.number ?? nextNumber++;
      if (there === undefined) github.pulls.push({ number, revert, state: 'open' });
      return { number, url: `https://github.example/pull/${number}` };
    },
    pullRequest: async (number) => {
      const found = github.pulls.find((each) => each.number === number);
      return found === undefined ? undefined : { state: found.state, headSha: `head of ${number}` };
    },
    closePullRequest: async (number) => {
      write();
      for (const pull of github.pulls) if (pull.number === number) pull.state = 'closed';
    },
    mergeWhenGreen: async ({ number }) => {
      const pull = github.pulls.find((each) => each.number === number);
      if (!github.isGreen || pull === undefined) return 'waiting';
      pull.state = 'merged';
      github.push(restored(pull.revert), number);
      return 'merged';
    },
  };

  /** The tip with one folder as it was in the commit that had the wanted tree. */
  const restored = ({ folder, tree }: Revert): Files => {
    const from = history.find((sha) => treeOf(filesAt(sha), folder) === tree) ?? '';
    const inFolder = (path: string): boolean => path.startsWith(`${folder}/`);
    const kept = Object.entries(filesAt(history.at(-1) ?? '')).filter(([path]) => !inFolder(path));
    const back = Object.entries(filesAt(from)).filter(([path]) => inFolder(path));
    return Object.fromEntries([...kept, ...back]);
  };
  return github;
}

function digest(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
