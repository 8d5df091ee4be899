import type { LedgerLine } from '../ledger/ledger.ts';

/** A revision that was production once, as the ledger tells it. */
export interface Past {
  readonly version: string;
  readonly revision: string;
  readonly commit: string;
  readonly pullRequest?: number;
  readonly at: string;
}

/** Every revision that served a model's requests, newest first, one entry a revision. */
export function pastOf(lines: readonly LedgerLine[], model: string): readonly Past[] {
  const found = new Map<string, Past>();
  for (const line of lines.toReversed()) {
    const { version, revision, commit, pullRequest, at } = line;
    if (line.model !== model || (line.kind !== 'promoted' && line.kind !== 'adopted')) continue;
    if (version === undefined || revision === undefined || commit === undefined || found.has(revision)) continue;
    found.set(revision, { version, revision, commit, ...(pullRequest === undefined ? {} : { pullRequest }), at });
  }
  return [...found.values()];
}

export interface Quarantine {
  readonly by: string;
  readonly because: string;
  readonly at: string;
}

/** Revisions of a model that somebody turned away from and nobody has let back. */
export function quarantinesOf(lines: readonly LedgerLine[], model: string): ReadonlyMap<string, Quarantine> {
  const quarantines = new Map<string, Quarantine>();
  for (const line of lines) {
    if (line.model !== model || line.revision === undefined) continue;
    if (line.kind === 'quarantine-lifted') quarantines.delete(line.revision);
    if (line.kind !== 'quarantined') continue;
    quarantines.set(line.revision, { by: line.actor, because: line.because ?? 'no reason was kept', at: line.at });
  }
  return quarantines;
}

/** Digits of a commit or revision that a person must give at least, as git asks for. */
const PREFIX_LENGTH = 7;

/** What a person means by VERSION or SHA (of a commit or a revision, at least seven digits). */
export function pastNamed(past: readonly Past[], name: string): Past | undefined {
  const byVersion = past.find(({ version }) => version === name);
  if (byVersion !== undefined || name.length < PREFIX_LENGTH) return byVersion;
  const hex = name.toLowerCase().replace(/^sha256:/, '');
  return past.find(
    ({ commit, revision }) => commit.startsWith(hex) || revision.slice('sha256:'.length).startsWith(hex),
  );
}
