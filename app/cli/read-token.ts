import { readFile } from 'node:fs/promises';

/**
 * The token that a file holds, without the white space around it; undefined without a file. Throws where the file holds none, or more than one word: a fleet
 * would ask nobody for an empty one, and nobody could send one with a line break.
 */
export async function readToken(file: string | undefined, option: string): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${option} ${file} cannot be read`, { cause });
  });
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new Error(
    `${option} ${file} holds ${token === '' ? 'nothing' : 'more than one word of ASCII'}; expected a token`,
  );
}
