import { parentPort, workerData } from 'node:worker_threads';
import { checks, judges } from './index.ts';
import { judge } from './judge.ts';
import { evidenceOfSent, type JudgeOrder } from './judge-in-worker.ts';

/** The judging thread's entry: judges what it was started with, and posts one judgement after the other. */
const { sent, checks: wanted, known } = workerData as JudgeOrder;
const evidence = evidenceOfSent(sent);
for (const { check, judgement } of known) judges.find(({ name }) => name === check)?.remember(evidence, judgement);
for (const check of checks.filter(({ name }) => wanted.includes(name))) parentPort?.postMessage(judge(check, evidence));
