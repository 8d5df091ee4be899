import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseDocument } from 'yaml';
import { loadManifest } from '../../checks/manifest/load-manifest.ts';
import type { LoadedManifest } from '../../checks/manifest/manifest.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import { textOfProblem } from '../../checks/manifest/problem.ts';
import { folderOf } from '../../checks/manifest/parse-manifest.ts';
import type { Snapshot } from '../../checks/snapshot.ts';
import { checkSubjects } from './check-subjects.ts';
import { UsageError } from './command.ts';

/** A model whose evaluation data are a file that was named on the command line. */
export interface ModelOnRows {
  /** The manifest's path as the user would write it. */
  readonly shown: string;
  /** The manifest's path in `snapshot`. */
  readonly path: string;
  readonly snapshot: Snapshot;
  readonly loaded: LoadedManifest;
  readonly policy: Policy;
}

/**
 * Reads a manifest and lays a data file over its evaluation data; whatever else the manifest has tried on its own rows (goldens, corners, a
 * reference) is left out, and `baseline` is what it is compared with here. Throws UsageError where a path is wrong.
 */
export async function modelOnRows(
  manifest: string,
  data: string,
  { policy, signal }: { readonly policy?: string; readonly signal: AbortSignal },
): Promise<ModelOnRows> {
  const bytes = await readFile(data, { signal }).catch((cause: unknown) => {
    throw new UsageError(`--data ${data} cannot be read`, { cause });
  });
  const { subjects } = await checkSubjects(
    { paths: [manifest], against: undefined, policy, window: undefined },
    signal,
  );
  const [subject, ...others] = subjects;
  if (subject === undefined || others.length > 0)
    throw new UsageError(`${manifest} holds ${subjects.length} manifests: name one`);
  const { path, proposal, policy: readPolicy } = subject.proposal;
  // As a manifest may write it: what a path cannot hold becomes an underscore.
  const name = basename(data).replaceAll(/[^A-Za-z0-9._-]/g, '_');
  const folder = folderOf(path);
  const dataPath = folder === '' ? name : `${folder}/${name}`;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const snapshot: Snapshot = {
    ...proposal,
    read: async (wanted, readSignal) => {
      if (wanted === dataPath) return bytes;
      const read = await proposal.read(wanted, readSignal);
      return wanted !== path || read === undefined
        ? read
        : Buffer.from(onRows(Buffer.from(read).toString('utf8'), { uri: name, sha256 }));
    },
  };
  const read = await loadManifest(snapshot, path, readPolicy, signal);
  if (read.kind === 'absent') throw new UsageError(`${manifest}: there is no manifest`);
  if (read.kind === 'refused') throw new Error(read.problems.map(textOfProblem).join('\n'));
  return { shown: subject.shown, path, snapshot, loaded: read.loaded, policy: readPolicy };
}

/** The manifest's text with other evaluation data; as it is where it is no YAML, which its own parser then says. */
function onRows(text: string, data: { readonly uri: string; readonly sha256: string }): string {
  const document = parseDocument(text);
  if (document.errors.length > 0 || !document.hasIn(['evaluation'])) return text;
  document.setIn(['evaluation', 'data'], document.createNode(data, { flow: true }));
  document.setIn(['evaluation', 'corners'], false);
  for (const path of [
    ['evaluation', 'goldens'],
    ['drift', 'reference'],
  ])
    if (document.hasIn(path)) document.deleteIn(path);
  document.setIn(['baseline'], 'production');
  return document.toString();
}
