import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { zstdCompressSync } from 'node:zlib';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { seededRandom, type SeededRandom } from '../stats/seeded-random.ts';

const NUMBERS = 25;
const CATEGORIES = 5;
/** The first columns have drifted, a little. */
const SHIFTED = 3;
const SHIFT = 0.1;
const BLOCK_ROWS = 10_000;

/** A seeded table of 25 numbers (normal, gamma, log-normal; five decimals) and 5 categories, as CSV and as Parquet (zstd). */
export async function writeBenchData(folder: string, name: string, rows: number, seed: number): Promise<void> {
  const random = seededRandom(seed);
  const isWindow = name === 'window';
  const numbers = Array.from({ length: NUMBERS }, (_, k) => {
    const shift = isWindow && k < SHIFTED ? SHIFT : 0;
    return Float64Array.from({ length: rows }, () => Math.round((drawn(k, random) + shift) * 1e5) / 1e5);
  });
  const categories = Array.from({ length: CATEGORIES }, (_, k) => {
    const values = Array.from({ length: 4 + 4 * k }, (__, value) => `value_${value}`);
    return Array.from({ length: rows }, () => values[random.index(values.length)] ?? '');
  });
  const named = (letter: string, at: number) => `${letter}${at}`;
  const parquet = parquetWriteBuffer({
    columnData: [
      ...numbers.map((data, k) => ({ name: named('n', k), data, type: 'DOUBLE' as const })),
      ...categories.map((data, k) => ({ name: named('c', k), data, type: 'STRING' as const })),
    ],
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
  });
  await writeFile(join(folder, `${name}.parquet`), new Uint8Array(parquet));
  const header = [...numbers.map((_, k) => named('n', k)), ...categories.map((_, k) => named('c', k))];
  const blocks = function* (): Generator<string> {
    yield `${header.join(',')}\n`;
    for (let from = 0; from < rows; from += BLOCK_ROWS) {
      const lines: string[] = [];
      for (let row = from; row < Math.min(rows, from + BLOCK_ROWS); row++)
        lines.push(
          `${[...numbers.map((column) => column[row]), ...categories.map((column) => column[row])].join(',')}\n`,
        );
      yield lines.join('');
    }
  };
  await pipeline(Readable.from(blocks()), createWriteStream(join(folder, `${name}.csv`)));
}

function drawn(column: number, random: SeededRandom): number {
  if (column % 3 === 0) return random.normal();
  if (column % 3 === 1) return -1.5 * Math.log((1 - random.uniform()) * (1 - random.uniform()));
  return Math.exp(random.normal());
}
