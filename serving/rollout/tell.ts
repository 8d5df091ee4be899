import type { Metric } from './metric.ts';
import type { Data } from './effect.ts';
import { missingOf, requestsOf } from './missing.ts';
import type { Pause, Rollout, StepPhase, Waiting } from './rollout.ts';

/** The numbers that a rollout's last judgement rests on, for the ledger: full precision. */
export function decidingNumbers({ evidence, analysis }: Rollout): Data {
  const { candidate, stable } = evidence ?? {};
  return {
    requests: candidate?.counted.requests ?? 0,
    errors: candidate?.counted.errors ?? 0,
    unservable: candidate?.counted.unservable ?? 0,
    ...(candidate?.counted.shadow === undefined ? {} : { shadow: { ...candidate.counted.shadow } }),
    stableRequests: stable?.counted.requests ?? 0,
    stableErrors: stable?.counted.errors ?? 0,
    metrics: Object.fromEntries((analysis?.metrics ?? []).map((metric) => [metric.name, numbersOf(metric)])),
  };
}

function numbersOf({ verdict, estimate, lower, upper, tolerance }: Metric): Data {
  return { verdict, estimate, lower, upper, tolerance };
}

const WORDS = { pass: 'within', fail: 'beyond', waiting: 'cannot say yet' } as const satisfies Record<
  Metric['verdict'],
  string
>;

/** Markdown table of every metric, passes included; empty where nothing was compared. */
export function evidenceTable({ analysis, candidate, stable }: Rollout): string {
  if (analysis === undefined || stable === undefined) return '';
  const rows = analysis.metrics.map(
    ({ name, soFar, needed, verdict }) => `| ${name} | ${soFar} | ${needed} | ${WORDS[verdict]} |`,
  );
  return [
    `| | version ${candidate.version} against ${stable.version} | allowed | verdict |`,
    '|---|---|---|---|',
    ...rows,
    '',
    'Intervals are always valid: looking often does not make them cry wolf (5 % of rollouts, over all metrics and looks).',
  ].join('\n');
}

/** One sentence: where a rollout stands, what comes next, and what it still needs for that. */
export function nextOf(rollout: Rollout, now: Date): string {
  const { phase, plan, candidate, stable, bakeMs } = rollout;
  switch (phase.name) {
    case 'queued':
      return `Version ${candidate.version} waits to be prepared.`;
    case 'preparing':
      return `Version ${candidate.version} is being loaded and tests itself.`;
    case 'step': {
      const step = plan.steps[phase.index];
      if (step === undefined || step.kind === 'pause')
        return `Promotes as soon as errors are shown to stay within the tolerance.`;
      const leftMs = Date.parse(phase.since) + step.forMs - now.getTime();
      const seen = requestsOf(rollout) - phase.requestsBefore;
      const following = stepText(rollout, phase.index + 1);
      return `${following} ${leftMs > 0 ? `in ${spanText(leftMs)}` : 'as soon as there is enough evidence'}; this step has seen ${seen} of ${plan.minimum} ${step.kind === 'shadow' ? 'copies' : 'requests'}.`;
    }
    case 'paused':
      return `Paused: ${pauseText(rollout, phase.pause, phase.goesOn)}. ${wayOut(rollout, phase.pause.kind)}`;
    case 'promoting':
      return `All requests are being turned to version ${candidate.version}.`;
    case 'baking':
      return `Version ${candidate.version} serves everything and is watched for another ${spanText(Math.max(0, Date.parse(phase.since) + bakeMs - now.getTime()))}.`;
    case 'done':
      return `Version ${candidate.version} serves every request.`;
    case 'aborting':
    case 'aborted':
      return `Stopped: ${phase.because}.${stable === undefined ? '' : ` Version ${stable.version} serves every request.`}`;
    case 'superseded':
      return `Given up for something newer.`;
  }
}

/** Evidence goes on coming while a rollout waits for it, so what is missing is said anew. */
export function pauseText(rollout: Rollout, pause: Pause, goesOn: StepPhase | Waiting): string {
  const missing = pause.kind === 'insufficient' && goesOn.name === 'step' ? missingOf(rollout, goesOn) : undefined;
  return missing === undefined ? pause.because : `not enough evidence: ${missing}`;
}

function wayOut({ candidate }: Rollout, kind: Pause['kind']): string {
  const { model } = candidate;
  switch (kind) {
    case 'step':
    case 'wish':
      return `\`/resume ${model}\` goes on, \`/abort ${model}\` ends it.`;
    case 'insufficient':
      return `It goes on by itself when the evidence has come; \`/promote ${model} --force\` does not wait, \`/abort ${model}\` ends it.`;
    case 'freeze':
      return `It goes on by itself when the window is over; \`/promote ${model} --force\` does not wait.`;
    case 'stable-failing':
      return `If version ${candidate.version} is the repair: \`/promote ${model} --force\`. Otherwise \`/resume ${model}\` or \`/abort ${model}\`.`;
    case 'harm':
      return `\`/abort ${model}\` ends it, \`/promote ${model} --force\` goes on all the same.`;
    case 'decision':
      return `\`/promote ${model}\` or \`/abort ${model}\`.`;
  }
}

function stepText({ plan }: Rollout, index: number): string {
  const step = plan.steps[index];
  if (step === undefined) return 'Promotion is decided';
  if (step.kind === 'weight') return `Goes to ${step.weight} %`;
  return step.kind === 'shadow' ? 'Answers a copy of every request' : 'Pauses for a person';
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function spanText(ms: number): string {
  if (ms < 2 * MINUTE_MS) return `${Math.ceil(ms / 1000)} s`;
  return ms < 2 * HOUR_MS ? `${Math.ceil(ms / MINUTE_MS)} min` : `${Math.ceil(ms / HOUR_MS)} h`;
}
