import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv, stdout } from 'node:process';
import { deserialize, serialize } from 'node:v8';
import type { Table } from '../../serving/model/table.ts';
import { addedMemory } from './added-memory.ts';
import type { Job, PartName, ProgressLine } from './job.ts';
import { answerAgain, measure } from './measure.ts';

/**
 * The limited child's entry: `child.ts FOLDER measure`, `child.ts FOLDER again NAME`, or `child.ts FOLDER memory NAME candidate|champion`. It reads `job.json` in its folder, writes
 * one file a part there, and progress as JSON lines to standard output.
 */
const [folder = '', mode = '', name = '', whose = ''] = argv.slice(2);
const job = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8')) as Job;

/** A part is there whole or not at all: the process may die at any moment. */
function write(part: string, value: unknown): void {
  const file = join(folder, `${part}.part`);
  writeFileSync(`${file}.new`, serialize(value));
  renameSync(`${file}.new`, file);
}

if (mode === 'measure')
  await measure(job, {
    put: (part: PartName, value: unknown) => write(part, value),
    progress: (line: ProgressLine) => stdout.write(`${JSON.stringify(line)}\n`),
  });
else if (mode === 'again') {
  const { rows } = deserialize(readFileSync(join(folder, 'repeatAnswers.part'))) as { readonly rows: Int32Array };
  write(name, await answerAgain(job, rows));
} else if (mode === 'memory') {
  const rows = deserialize(readFileSync(join(folder, 'warmingRows.part'))) as Table;
  const model = whose === 'champion' ? job.champion : job.candidate;
  if (model === undefined) throw new Error('there is no champion to measure');
  write(name, await addedMemory(model, rows));
} else throw new Error(`unknown mode "${mode}"`);
