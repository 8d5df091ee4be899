import { setTimeout as pause } from 'node:timers/promises';
import type { Report } from '../../checks/report/report.ts';
import { readBlob } from '../github/blob.ts';
import { blobIdOf } from '../github/object-store.ts';
import type { ObjectStore } from '../github/object-store.ts';
import { hasStatus } from '../github/request.ts';
import type { Repository } from '../github/request.ts';
import { readTree } from '../github/tree.ts';
import { extendChain, ledgerDayFile, lineText, verifyChain } from './chain.ts';
import type { Verified } from './chain.ts';
import type { Ledger, LedgerEvent, LedgerLine } from './ledger.ts';
import type { LedgerKey } from './ledger-key.ts';
import { reportDigest, reportText } from './report-digest.ts';

/** Not a branch: it is not offered for merging, not cloned by default, and branch rules do not concern it. */
export const ledgerRef = 'slipway/ledger';

/** A lost race means that another process wrote; ten in a row means that something else is wrong. */
const attemptLimit = 10;
const attemptPauseMs = 200;
const fileLimitBytes = 100 * 1024 * 1024;

/**
 * The ledger of one repository on GitHub, by its git data API: `2026/11/21.jsonl` a day, `reports/<sha256>.json`.
 *
 * Writes that are asked for together become one commit (GitHub counts writes), compare-and-swap on the ref. What was read
 * once is kept by git's ids; a read asks for the ref and for what is new under it.
 */
export function gitLedger(parts: {
  readonly repository: Repository;
  readonly key: LedgerKey;
  readonly store: ObjectStore;
}): Ledger {
  const { repository, key, store } = parts;
  let known: State | undefined;

  const load = async (signal?: AbortSignal): Promise<State> => {
    // Before asking: what is known by then the ref must have, or somebody took it away.
    const before = known;
    const commit = await readLedgerRef(repository, signal);
    if (before !== undefined && before.commit === commit) return before;
    const found = withLoss(before, await readState(repository, commit, key, store, signal));
    if (known === before) known = found;
    return found;
  };
  const learn = (state: State) => {
    known = state;
  };

  let waiting: Write[] = [];
  let writing: Promise<void> | undefined;
  const writeAll = async () => {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await commitBatch(repository, key, load, batch).then(
        (state) => {
          learn(state);
          for (const write of batch) write.done();
        },
        (error: unknown) => {
          for (const write of batch) write.failed(error);
        },
      );
    }
    writing = undefined;
  };
  const write = (events: readonly LedgerEvent[], reports: readonly Report[]) =>
    new Promise<void>((done, failed) => {
      waiting.push({ events, reports, done, failed });
      // A turn of the event loop later, so that what is asked for together is written together.
      writing ??= pause(0).then(writeAll);
    });

  return {
    append: (events) => write(events, []),
    async read(signal) {
      const { lines, problems } = await load(signal);
      return { lines, problems };
    },
    async putReport(report) {
      await write([], [report]);
      return reportDigest(report);
    },
    async report(digest, signal) {
      const { reports } = await load(signal);
      const sha = reports.get(reportFile(digest));
      if (sha === undefined) return undefined;
      const bytes = await readBlob(repository, { sha, limitBytes: fileLimitBytes }, store, signal);
      const report: Report = JSON.parse(Buffer.from(bytes).toString('utf8'));
      // Whoever may push may write there: only what its digest names is believed.
      return reportDigest(report) === digest ? report : undefined;
    },
  };
}

interface State extends Verified {
  /** Undefined before the first write. */
  readonly commit: string | undefined;
  readonly days: ReadonlyMap<string, string>;
  /** `reports/….json` -> blob. */
  readonly reports: ReadonlyMap<string, string>;
}

interface Write {
  readonly events: readonly LedgerEvent[];
  readonly reports: readonly Report[];
  done(): void;
  failed(error: unknown): void;
}

/** Writes a batch onto whatever is there; returns the ledger as it is then. */
async function commitBatch(
  repository: Repository,
  key: LedgerKey,
  load: () => Promise<State>,
  batch: readonly Write[],
): Promise<State> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const state = await load();
      const addition = additionOf(state, batch, key);
      if (addition.files.size === 0) return state;
      return grown(state, addition, await commitFiles(repository, state.commit, addition.files));
    } catch (error) {
      const mayHaveChanged = hasStatus(error, 409, 422, 500, 502, 503, 504);
      if (!mayHaveChanged || attempt === attemptLimit)
        throw new Error(
          `Writing to the ledger of ${repository.owner}/${repository.repo} failed at try ${attempt} of ${attemptLimit}`,
          { cause: error },
        );
      await pause(attemptPauseMs * attempt * Math.random());
    }
  }
}

/** A chain cannot show that its end was cut off; whoever read more of it can. */
function withLoss(before: State | undefined, now: State): State {
  const had = before?.lines.at(-1)?.sequence ?? 0;
  const has = now.lines.at(-1)?.sequence ?? 0;
  if (has >= had) return now;
  const loss = `refs/${ledgerRef}: line ${had} was there before and the ledger now ends with line ${has}: somebody has moved the ref`;
  return { ...now, problems: [...now.problems, loss] };
}

interface Addition {
  /** Content by path, whole. */
  readonly files: ReadonlyMap<string, string>;
  readonly lines: readonly LedgerLine[];
}

/** What has to be written so that the ledger holds the batch; nothing for what it holds already. */
function additionOf(state: State, batch: readonly Write[], key: LedgerKey): Addition {
  const files = new Map<string, string>();
  const lines = extendChain(state.lines, newEvents(state, batch), key);
  let lastDay = [...state.days.keys()].at(-1) ?? '';
  for (const line of lines) {
    // A line never goes before one that is there: files are read in the order of their names.
    const day = dayFileOf(line);
    if (day > lastDay) lastDay = day;
    files.set(lastDay, `${files.get(lastDay) ?? state.days.get(lastDay) ?? ''}${lineText(line)}\n`);
  }
  for (const report of batch.flatMap((write) => write.reports)) {
    const name = reportFile(reportDigest(report));
    if (!state.reports.has(name)) files.set(name, reportText(report));
  }
  return { files, lines };
}

function newEvents(state: State, batch: readonly Write[]): readonly LedgerEvent[] {
  const keys = new Set(state.lines.map((line) => line.key));
  return batch
    .flatMap((write) => write.events)
    .filter((event) => {
      const isNew = !keys.has(event.key);
      keys.add(event.key);
      return isNew;
    });
}

/** The state after a commit of ours, without asking for what was just sent. */
function grown(state: State, { files, lines }: Addition, commit: string): State {
  const days = new Map(state.days);
  const reports = new Map(state.reports);
  for (const [path, text] of files)
    if (ledgerDayFile.test(path)) days.set(path, text);
    else reports.set(path, blobIdOf(Buffer.from(text), commit.length));
  return { commit, days, reports, lines: [...state.lines, ...lines], problems: state.problems };
}

function dayFileOf(line: LedgerLine): string {
  const day = new Date(line.at).toISOString().slice(0, '2026-11-21'.length);
  return `${day.replaceAll('-', '/')}.jsonl`;
}

function reportFile(digest: string): string {
  return `reports/${digest.replace(/^sha256:/, '')}.json`;
}

/** One tree, one commit, one turn of the ref, which GitHub refuses with 422 when somebody else was first. */
async function commitFiles(
  repository: Repository,
  parent: string | undefined,
  files: ReadonlyMap<string, string>,
): Promise<string> {
  const { owner, repo, request } = repository;
  const { data: tree } = await request('POST /repos/{owner}/{repo}/git/trees', {
    owner,
    repo,
    ...(parent === undefined ? {} : { base_tree: parent }),
    tree: [...files].map(([path, content]) => ({ path, mode: '100644' as const, type: 'blob' as const, content })),
  });
  const { data: commit } = await request('POST /repos/{owner}/{repo}/git/commits', {
    owner,
    repo,
    message: `ledger: ${[...files.keys()].join(', ').slice(0, 200)}`,
    tree: tree.sha,
    parents: parent === undefined ? [] : [parent],
  });
  if (parent === undefined)
    await request('POST /repos/{owner}/{repo}/git/refs', { owner, repo, ref: `refs/${ledgerRef}`, sha: commit.sha });
  else
    await request('PATCH /repos/{owner}/{repo}/git/refs/{ref}', {
      owner,
      repo,
      ref: ledgerRef,
      sha: commit.sha,
      force: false,
      request: { retries: 0 },
    });
  return commit.sha;
}

async function readLedgerRef(repository: Repository, signal?: AbortSignal): Promise<string | undefined> {
  const { owner, repo, request } = repository;
  try {
    const { data } = await request('GET /repos/{owner}/{repo}/git/ref/{ref}', {
      owner,
      repo,
      ref: ledgerRef,
      request: { signal },
    });
    return data.object.sha;
  } catch (error) {
    // 409: the repository is empty.
    if (hasStatus(error, 404, 409)) return undefined;
    throw error;
  }
}

async function readState(
  repository: Repository,
  commit: string | undefined,
  key: LedgerKey,
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<State> {
  if (commit === undefined) return { commit, days: new Map(), reports: new Map(), lines: [], problems: [] };
  const tree = await readTree(repository, commit, signal);
  const blobs = tree.filter(({ kind }) => kind === 'blob').toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const files: { readonly path: string; readonly text: string }[] = [];
  for (const { path, sha } of blobs.filter((blob) => ledgerDayFile.test(blob.path))) {
    const bytes = await readBlob(repository, { sha, limitBytes: fileLimitBytes }, store, signal);
    files.push({ path, text: Buffer.from(bytes).toString('utf8') });
  }
  return {
    commit,
    days: new Map(files.map(({ path, text }) => [path, text])),
    reports: new Map(blobs.filter(({ path }) => path.startsWith('reports/')).map(({ path, sha }) => [path, sha])),
    ...verifyChain(files, key),
  };
}
