import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import type { ColumnSource } from '../../checks/data/column-source.ts';
import type { DataFile } from '../../checks/data/data-file.ts';
import { looksLikeProfile, parseProfile } from '../../checks/drift/parse-profile.ts';
import { profileSource } from '../../checks/drift/profile-source.ts';
import { profileStore } from '../../checks/drift/profile-store.ts';
import { type Profile, profileOf } from '../../checks/drift/profile.ts';
import { percentText } from '../../checks/report/format.ts';
import { cacheFolder } from './cache-folder.ts';
import type { CommandIo } from './command.ts';
import type { ProfileNote } from './drift-report.ts';

/** The rows of a reference, or what its profile kept of them. */
export interface Reference extends ColumnSource {
  readonly note?: ProfileNote;
  close(): Promise<void>;
}

interface ReferenceOptions {
  /** Where the reference's profile is to be written. */
  readonly writeTo?: string;
  readonly pii: readonly string[];
  readonly seed: number;
  readonly open: (file: string) => Promise<DataFile | undefined>;
}

const BY_DIGEST = /^sha256:([0-9a-f]{64})$/;
/** Enough to tell a profile from a table. */
const HEAD_BYTES = 64;

/** A data file, a profile's file, or the digest of a reference that was profiled here; undefined, and said why, when it is none. */
export async function openReference(
  named: string,
  io: CommandIo,
  options: ReferenceOptions,
): Promise<Reference | undefined> {
  const [, digest] = BY_DIGEST.exec(named) ?? [];
  if (digest !== undefined) {
    const profile = await profileStore(await cacheFolder()).read(digest);
    if (profile !== undefined) return profiled(profile);
    io.err(`${named} has no profile in the cache: write it with slipway drift REFERENCE WINDOW --profile FILE`);
    return undefined;
  }
  if (looksLikeProfile(await headOf(named))) {
    const parsed = parseProfile(await readFile(named, { encoding: 'utf8', signal: io.signal }));
    if (parsed.kind === 'profile') return profiled(parsed.profile);
    for (const problem of parsed.problems) io.err(`${named}${problem.startsWith('/') ? ' ' : ': '}${problem}`);
    return undefined;
  }
  const file = await options.open(named);
  if (file !== undefined && options.writeTo !== undefined)
    await writeProfile(named, file, options.writeTo, io, options);
  return file;
}

async function writeProfile(
  named: string,
  file: DataFile,
  writeTo: string,
  io: CommandIo,
  { pii, seed }: ReferenceOptions,
): Promise<void> {
  const digest = await digestOf(named, io.signal);
  const profile = await profileOf(file, {
    seed,
    digest,
    pii,
    onColumn: (name, done, of) => io.progress(`profiling ${name}`, done / of),
  });
  await writeFile(writeTo, `${JSON.stringify(profile)}\n`);
  await profileStore(await cacheFolder()).write(digest, profile);
}

function profiled(profile: Profile): Reference {
  const errors = profile.columns.map((column) => (column.type === 'number' ? column.error : 0));
  const distributionError = Math.max(0, ...errors);
  const sampled = Object.values(profile.sample)[0]?.length ?? 0;
  const lost =
    `the reference is a profile of ${profile.rows} rows: distribution functions are exact at its knots and off by at most ` +
    `${percentText(distributionError, 3)} between them; all columns together and the relation are asked of ${sampled} of its rows`;
  const digest = profile.digest === undefined ? {} : { digest: profile.digest };
  return { ...profileSource(profile), note: { ...digest, lost, distributionError }, close: () => Promise.resolve() };
}

async function headOf(file: string): Promise<string> {
  try {
    const handle = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new Error(`${file} cannot be read`, { cause });
  }
}

async function digestOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file, { signal, highWaterMark: 2 ** 20 })) hash.update(part as Buffer);
  return hash.digest('hex');
}
