/**
 * A tree of files at one moment: a folder, a commit of a local clone, a commit on GitHub. Paths are relative to the
 * repository's root with forward slashes, without a leading one.
 */
export interface Snapshot {
  /** For people: a folder's path, or `main@1a2b3c4`. */
  readonly label: string;
  /** The commit, where the snapshot is one. */
  readonly commit?: string;
  /** Every file's path. */
  list(signal?: AbortSignal): Promise<readonly string[]>;
  /** The file's bytes, or undefined when there is no such file. Throws when the world fails. */
  read(path: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
}
