import { open, type FileHandle } from 'node:fs/promises';

/** Bytes that can be read in parts: a file that is not loaded, or what is in memory already. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Fills `into` from `offset` on and says how many bytes it got; fewer than asked for only at the end. */
  read(into: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
}

export function bytesSource(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.length,
    read: (into, offset) => {
      const part = bytes.subarray(offset, offset + into.length);
      into.set(part);
      return Promise.resolve(part.length);
    },
    close: () => Promise.resolve(),
  };
}

/** A file on this machine. Throws when it cannot be opened, and when it is not the file any more that was opened first. */
export async function fileSource(file: string, signal?: AbortSignal): Promise<ByteSource> {
  const handle = await openRegular(file);
  const { size, mtimeMs } = await handle.stat();
  return {
    sizeBytes: size,
    read: async (into, offset) => {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(into, 0, into.length, offset);
      if (offset + bytesRead >= size && (await handle.stat()).mtimeMs !== mtimeMs)
        throw new Error(`${file} changed while it was read`);
      return bytesRead;
    },
    close: () => handle.close(),
  };
}

async function openRegular(file: string): Promise<FileHandle> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    const stat = await handle.stat();
    if (!stat.isFile()) throw new Error(stat.isDirectory() ? 'it is a folder' : 'it is no file');
    return handle;
  } catch (cause) {
    await handle?.close();
    throw new Error(`${file} cannot be read`, { cause });
  }
}

/** Exactly this range; throws when the source ends before it does. */
export async function readRange(source: ByteSource, from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
  if (from < 0 || to < from || to > source.sizeBytes)
    throw new RangeError(`bytes ${from} to ${to} of ${source.sizeBytes} do not exist`);
  const bytes = new Uint8Array(to - from);
  for (let filled = 0; filled < bytes.length; ) {
    const got = await source.read(bytes.subarray(filled), from + filled);
    if (got === 0) throw new RangeError(`the file ends at byte ${from + filled}, before byte ${to}`);
    filled += got;
  }
  return bytes;
}
