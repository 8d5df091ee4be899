import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { ModelProposal, VersionHistory, WindowSource } from '../../checks/check-model.ts';
import { changedModels, manifestPaths } from '../../checks/manifest/load-manifest.ts';
import { defaultPolicy, parsePolicy, policyPath } from '../../checks/manifest/parse-policy.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import { textOfProblem } from '../../checks/manifest/problem.ts';
import type { Snapshot } from '../../checks/snapshot.ts';
import { folderSnapshot } from '../../checks/snapshots/folder-snapshot.ts';
import { gitHistory, noHistory } from '../../checks/snapshots/git-history.ts';
import { commitOf, git, gitSnapshot } from '../../checks/snapshots/git-snapshot.ts';
import { UsageError } from './command.ts';

/** One model to judge, and its manifest's path as the user would write it. */
export interface CheckSubject {
  readonly shown: string;
  readonly proposal: ModelProposal;
}

export interface CheckQuestion {
  readonly paths: readonly string[];
  readonly against: string | undefined;
  readonly policy: string | undefined;
  readonly window: string | undefined;
}

/** Finds out what is to be judged against what. Throws UsageError for paths and refs that are not there. */
export async function checkSubjects(
  question: CheckQuestion,
  signal: AbortSignal,
): Promise<{ readonly subjects: readonly CheckSubject[]; readonly none: string }> {
  const window = await windowOf(question.window);
  if (question.paths.length === 0) return changedSubjects(question, window, signal);
  const subjects: CheckSubject[] = [];
  for (const path of question.paths) {
    const target = await targetOf(path);
    const root = await rootOf(target.manifest ?? target.folder, signal);
    const setting = await settingOf(root, question, signal);
    const found =
      target.manifest === undefined
        ? await manifestPaths(setting.tree, setting.policy, signal)
        : [slashed(relative(root, target.manifest))];
    if (found.length === 0)
      throw new UsageError(
        `${path} holds no manifest: no model.yaml, and nothing that matches ${setting.policy.models}`,
      );
    subjects.push(...found.map((manifest) => subjectOf(manifest, setting, window)));
  }
  return { subjects, none: 'nothing to check' };
}

/** A repository as it stands, and what it is compared with. */
interface Setting {
  readonly root: string;
  readonly tree: Snapshot;
  readonly policy: Policy;
  readonly versions: VersionHistory;
  /** The default branch or the ref of --against. */
  readonly base?: Snapshot;
  /** The manifest of --against FILE. */
  readonly champion?: { readonly snapshot: Snapshot; readonly path: string };
}

function subjectOf(
  path: string,
  { root, tree, policy, versions, base, champion }: Setting,
  window: WindowSource | undefined,
): CheckSubject {
  const production = champion ?? (base === undefined ? undefined : { snapshot: base, path });
  return {
    shown: relative(process.cwd(), join(root, path)) || path,
    proposal: {
      path,
      proposal: tree,
      ...(base === undefined ? {} : { base }),
      ...(production === undefined ? {} : { production }),
      versions,
      policy,
      ...(window === undefined ? {} : { window }),
      waivers: [],
    },
  };
}

async function changedSubjects(question: CheckQuestion, window: WindowSource | undefined, signal: AbortSignal) {
  const root = await rootOf(process.cwd(), signal);
  const setting = await settingOf(root, question, signal);
  const { base, tree, policy } = setting;
  if (base === undefined) {
    const all = await manifestPaths(tree, policy, signal);
    if (all.length === 0)
      throw new UsageError(`no manifest in ${root} (looked for ${policy.models}); name one: slipway check PATH`);
    return { subjects: all.map((path) => subjectOf(path, setting, window)), none: '' };
  }
  const changed = await changedModels(tree, base, policy, signal);
  const subjects = changed.filter(({ kind }) => kind !== 'removed').map(({ path }) => subjectOf(path, setting, window));
  return { subjects, none: `no model differs from ${base.label}` };
}

async function settingOf(
  root: string,
  { against, policy: policyFile }: CheckQuestion,
  signal: AbortSignal,
): Promise<Setting> {
  const tree = folderSnapshot(root);
  const repository = await isRepository(root, signal);
  const file = against === undefined ? undefined : await manifestOf(against);
  const ref = file !== undefined || !repository ? undefined : (against ?? (await defaultBranch(root, signal)));
  if (
    against !== undefined &&
    file === undefined &&
    (ref === undefined || (await commitOf(root, ref, signal)) === undefined)
  )
    throw new UsageError(`--against ${against} is neither a manifest nor a git ref of ${root}`);
  const base = ref === undefined ? undefined : await gitSnapshot(root, ref, signal);
  const policy = await policyOf(policyFile, base, signal);
  const versions = ref === undefined ? noHistory : gitHistory(root, ref, policy);
  const champion = file === undefined ? undefined : await championOf(file, signal);
  return {
    root,
    tree,
    policy,
    versions,
    ...(base === undefined ? {} : { base }),
    ...(champion === undefined ? {} : { champion }),
  };
}

async function championOf(file: string, signal: AbortSignal): Promise<Setting['champion']> {
  const root = await rootOf(file, signal);
  return { snapshot: folderSnapshot(root), path: slashed(relative(root, file)) };
}

async function policyOf(file: string | undefined, base: Snapshot | undefined, signal: AbortSignal): Promise<Policy> {
  if (file !== undefined) return parsedPolicy(await readText(file, '--policy'), file);
  const bytes = await base?.read(policyPath, signal);
  return bytes === undefined ? defaultPolicy : parsedPolicy(Buffer.from(bytes).toString('utf8'), policyPath);
}

function parsedPolicy(source: string, path: string): Policy {
  const read = parsePolicy(source, path);
  if (read.kind === 'refused')
    throw new Error(`the policy cannot be read:\n${read.problems.map(textOfProblem).join('\n')}`);
  return read.loaded.policy;
}

/** A second training is one model's. */
export async function withRetrained(
  subjects: readonly CheckSubject[],
  file: string | undefined,
): Promise<readonly CheckSubject[]> {
  if (file === undefined) return subjects;
  const [subject, another] = subjects;
  if (subject === undefined || another !== undefined)
    throw new UsageError(`--retrained ${file}: this is one model's file, and ${subjects.length} models are checked`);
  if ((await kindOf(file)) !== 'file') throw new UsageError(`--retrained ${file}: there is no such file`);
  const retrained = { label: basename(file), file: resolve(file) };
  return [{ ...subject, proposal: { ...subject.proposal, retrained } }];
}

async function windowOf(file: string | undefined): Promise<WindowSource | undefined> {
  if (file === undefined) return undefined;
  const kind = await kindOf(file);
  if (kind !== 'file')
    throw new UsageError(
      `--window ${file}: ${kind === undefined ? 'there is no such file' : 'that is a folder, a CSV or Parquet file was expected'}`,
    );
  return { label: basename(file), file: resolve(file) };
}

const MANIFEST_NAME = 'model.yaml';

/** A manifest, or a folder to look for manifests in. */
async function targetOf(path: string): Promise<{ readonly folder: string; readonly manifest?: string }> {
  const target = resolve(path);
  const kind = await kindOf(target);
  if (kind === undefined) throw new UsageError(`${path}: there is no such file or folder`);
  if (kind === 'file') return { folder: dirname(target), manifest: target };
  const inside = join(target, MANIFEST_NAME);
  return (await kindOf(inside)) === 'file' ? { folder: target, manifest: inside } : { folder: target };
}

/** The manifest that --against names, when it names one. */
async function manifestOf(against: string): Promise<string | undefined> {
  const kind = await kindOf(against);
  if (kind === undefined) return undefined;
  const { manifest } = await targetOf(against);
  return manifest;
}

/**
 * The repository that a path belongs to: a git work tree, else the current folder when the path lies in it, else what holds the `models` folder, else the
 * model's own folder.
 */
async function rootOf(path: string, signal: AbortSignal): Promise<string> {
  const folder = (await kindOf(path)) === 'folder' ? path : dirname(path);
  const top = await topLevel(folder, signal);
  if (top !== undefined) return top;
  const within = relative(process.cwd(), folder);
  if (!within.startsWith('..') && !isAbsolute(within)) return process.cwd();
  return basename(dirname(folder)) === 'models' ? dirname(dirname(folder)) : folder;
}

async function topLevel(folder: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await git(folder, ['rev-parse', '--show-toplevel'], signal)).toString('utf8').trim();
  } catch {
    signal.throwIfAborted();
    // No git, or no work tree: the folder stands on its own.
    return undefined;
  }
}

async function isRepository(root: string, signal: AbortSignal): Promise<boolean> {
  return (await topLevel(root, signal)) !== undefined;
}

/** What the clone calls the default branch, else main, else master; undefined where none of them has a commit. */
async function defaultBranch(root: string, signal: AbortSignal): Promise<string | undefined> {
  for (const ref of ['origin/HEAD', 'origin/main', 'origin/master', 'main', 'master'])
    if ((await commitOf(root, ref, signal)) !== undefined) return ref;
  return undefined;
}

async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    // Not there, or not to be looked at: both are no subject.
    return undefined;
  }
}

async function readText(file: string, option: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${option} ${file} cannot be read`, { cause: error });
  }
}

function slashed(path: string): string {
  return path.split(sep).join('/');
}
