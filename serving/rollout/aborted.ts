import type { Subject } from './effect.ts';
import { deployment, entered, record, turnOf } from './entered.ts';
import type { Rollout, Turn } from './rollout.ts';
import { decidingNumbers, evidenceTable } from './tell.ts';

/** The candidate gives way to something newer; the shares go back to the stable arm. */
export function superseded(rollout: Rollout, by: Subject, now: Date): Turn {
  const because = `version ${by.version} came after it`;
  const ended = entered(rollout, { name: 'superseded', since: now.toISOString(), by: by.revision }, now);
  return turnOf(ended, [
    record(ended, 'superseded', now, { kind: 'record', event: 'superseded', because, data: { by: by.version } }),
    record(ended, 'deployment/superseded', now, deployment(ended, 'inactive', because)),
  ]);
}

/** Shares back to the stable arm at once; then the reports, the quarantine, and the pull request that makes git agree. */
export function aborted(rollout: Rollout, why: { readonly because: string; readonly by: string }, now: Date): Turn {
  const at = now.toISOString();
  const ended = entered(rollout, { name: 'aborting', since: at, ...why }, now);
  const { candidate, stable } = rollout;
  const evidence = evidenceTable(ended);
  const effects = [
    record(ended, 'deployment/aborted', now, deployment(ended, 'failure', why.because), why.by),
    record(
      ended,
      'aborted',
      now,
      { kind: 'record', event: 'aborted', because: why.because, data: decidingNumbers(ended) },
      why.by,
    ),
    record(ended, 'quarantine', now, { kind: 'quarantine', because: why.because }, why.by),
    record(ended, 'comment', now, { kind: 'comment', text: abortText(ended, why, evidence) }, why.by),
    ...(stable === undefined
      ? []
      : [
          record(
            ended,
            'revert',
            now,
            { kind: 'revert', to: stable, evidence: `${abortText(ended, why, evidence)}` },
            why.by,
          ),
        ]),
  ];
  const held = { by: why.by, because: why.because, since: at, quarantined: candidate.revision };
  return { ...turnOf(ended, effects), ...(stable === undefined ? {} : { held }) };
}

function abortText(
  { candidate, stable }: Rollout,
  why: { readonly because: string; readonly by: string },
  evidence: string,
): string {
  const who = why.by === 'slipway' ? 'was stopped' : `was stopped by @${why.by}`;
  const where =
    stable === undefined ? 'Nothing else was running.' : `Version ${stable.version} serves every request again.`;
  return `The rollout of **${candidate.model}** ${candidate.version} ${who}: ${why.because}.\n\n${where}${evidence === '' ? '' : `\n\n${evidence}`}`;
}
