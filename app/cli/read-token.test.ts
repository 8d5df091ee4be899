import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readToken } from './read-token.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway-token-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

it('is what the file holds, without the line break behind it', async () => {
  const file = join(folder, 'token');
  await writeFile(file, 'sesame\n');
  expect(await readToken(file, '--token-file')).toBe('sesame');
  expect(await readToken(undefined, '--token-file')).toBeUndefined();
});

it.each([
  ['an empty file, which would let everybody in', '\n', /holds nothing; expected a token/],
  ['two lines', 'sesame\nopen\n', /holds more than one word/],
  ['no file', undefined, /--token-file .* cannot be read/],
])('refuses %s', async (_, text, message) => {
  const file = join(folder, 'wrong');
  await rm(file, { force: true });
  if (text !== undefined) await writeFile(file, text);
  await expect(readToken(file, '--token-file')).rejects.toThrow(message);
});
