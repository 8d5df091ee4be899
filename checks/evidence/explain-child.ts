import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';
import { serialize } from 'node:v8';
import type { ExplainQuestion } from './explain-job.ts';
import { answerExplainQuestion } from './explain-question.ts';
import type { Job } from './job.ts';

/** The limited child's entry for one question: `explain-child.ts FOLDER` reads `job.json` and `question.json` there and writes `explained.part`. */
const [folder = ''] = argv.slice(2);
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

const answered = await answerExplainQuestion(read('job.json') as Job, read('question.json') as ExplainQuestion);
writeFileSync(join(folder, 'explained.part'), serialize(answered));
