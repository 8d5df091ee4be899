import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { sizeLimit } from '../github/size-limit.ts';

export type Unpacked = { readonly kind: 'unpacked' } | { readonly kind: 'refused'; readonly reason: string };

/** More files than any training leaves are not looked through. */
const MOST_ENTRIES = 1000;

/**
 * Takes the one `.onnx` file out of an artifact. Nothing of the archive decides where anything is written, and what it says of sizes is not believed:
 * bytes are counted as they come.
 */
export async function unpackModel(
  zip: string,
  target: string,
  limitBytes: number,
  signal: AbortSignal,
): Promise<Unpacked> {
  let archive: ZipFile;
  try {
    archive = await openPromise(zip, { autoClose: false });
  } catch (error) {
    return refused(`it is no zip archive that can be read (${messageOf(error)})`);
  }
  try {
    return await unpackFrom(archive, target, limitBytes, signal);
  } catch (error) {
    signal.throwIfAborted();
    return refused(messageOf(error));
  } finally {
    archive.close();
  }
}

async function unpackFrom(
  archive: ZipFile,
  target: string,
  limitBytes: number,
  signal: AbortSignal,
): Promise<Unpacked> {
  if (archive.entryCount > MOST_ENTRIES)
    return refused(`it holds ${archive.entryCount} files; at most ${MOST_ENTRIES} are looked through`);
  const models: Entry[] = [];
  for await (const entry of archive.eachEntry()) if (/\.onnx$/i.test(entry.fileName)) models.push(entry);
  const [model, ...others] = models;
  if (model === undefined) return refused('it holds no .onnx file');
  if (others.length > 0)
    return refused(`it holds ${models.length} .onnx files: ${models.map(({ fileName }) => fileName).join(', ')}`);
  if (model.uncompressedSize > limitBytes)
    return refused(`${model.fileName} has ${model.uncompressedSize} bytes; at most ${limitBytes} are read`);
  const bytes = await archive.openReadStreamPromise(model);
  await pipeline(bytes, sizeLimit(limitBytes, model.fileName), createWriteStream(target), { signal });
  return { kind: 'unpacked' };
}

function refused(reason: string): Unpacked {
  return { kind: 'refused', reason };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
