/** A commit graph as far as it is known: commit -> parents, first parent first. */
export type CommitGraph = ReadonlyMap<string, readonly string[]>;

/** A step of the default branch, and what came in with it. */
export interface BranchStep {
  readonly commit: string;
  /** Commits of the branches that this one merged; empty for a plain commit. */
  readonly brought: ReadonlySet<string>;
}

/**
 * The default branch as its first parents tell it, oldest first. Only what stood on that line was ever desired; commits
 * inside a merged branch were not.
 */
export function firstParentSteps(graph: CommitGraph, tip: string): readonly BranchStep[] {
  const line: string[] = [];
  for (let commit: string | undefined = tip; commit !== undefined; commit = graph.get(commit)?.[0]) line.push(commit);
  const seen = new Set<string>(line);
  return line
    .toReversed()
    .map((commit) => ({ commit, brought: claim(graph, graph.get(commit)?.slice(1) ?? [], seen) }));
}

/** Everything reachable from `starts` that nothing earlier has claimed. */
function claim(graph: CommitGraph, starts: readonly string[], seen: Set<string>): ReadonlySet<string> {
  const claimed = new Set<string>();
  const waiting = [...starts];
  for (let commit = waiting.pop(); commit !== undefined; commit = waiting.pop()) {
    if (seen.has(commit)) continue;
    seen.add(commit);
    claimed.add(commit);
    waiting.push(...(graph.get(commit) ?? []));
  }
  return claimed;
}
