import { evidenceTable, nextOf } from '../../serving/rollout/tell.ts';
import { liveRollout, type ModelState } from './model-state.ts';
import type { TurnedBack } from './turn-back.ts';

/** Markdown for people: what runs, what rolls, what its step still needs, what holds it. */
export function statusText(model: string, state: ModelState | undefined, now: Date): string {
  if (state === undefined) return `**${model}**: the fleet does not run it yet.`;
  const { stable, previous, hold, refusal } = state;
  const live = liveRollout(state);
  const serves =
    stable === undefined
      ? 'nothing serves yet'
      : `version ${stable.version} serves${live === undefined ? ' every request' : ''}`;
  const parts = [
    `**${model}**: ${serves}${stable?.provenance.unchecked === true ? ' (adopted, never checked)' : ''}.`,
    ...(live === undefined ? [] : [nextOf(live, now), evidenceTable(live)]),
    ...(live === undefined && state.rollout !== undefined && state.rollout.phase.name !== 'done'
      ? [nextOf(state.rollout, now)]
      : []),
    ...(hold === undefined
      ? []
      : [
          `Held since ${hold.since} by ${person(hold.by)}: ${hold.because}.${revertText(state)} \`/unhold ${model} because …\` ends it.`,
        ]),
    ...(refusal === undefined ? [] : [`What git names is not rolled out: see #${refusal.issue}.`]),
    ...(previous === undefined || hold !== undefined
      ? []
      : [
          `Version ${previous.version} is loaded until ${previous.warmUntil}: \`/rollback ${model}\` turns to it at once.`,
        ]),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

export function rolledBackText(
  { to, from, isWarm }: TurnedBack,
  tookMs: number,
  after: ModelState | undefined,
): string {
  const turned = isWarm
    ? `**${to.model}** serves version ${to.version} again: the fleet had turned every request after ${tookMs} ms.`
    : `**${to.model}** goes back to version ${to.version}. It is not loaded any more, so version ${from.version} serves until it is.`;
  const held = `Version ${from.version} is quarantined, and the fleet is held until git agrees.`;
  return [turned, `${held}${after === undefined ? '' : revertText(after)}`].join(' ');
}

export function unheldText(model: string, after: ModelState | undefined, now: Date): string {
  return `The hold on **${model}** is over and its quarantine is lifted; the fleet follows git again.\n\n${statusText(model, after, now)}`;
}

function revertText({ hold }: ModelState): string {
  const revert = hold?.revert;
  if (revert === undefined) return '';
  const words = {
    open: 'waits to be merged',
    merged: 'is merged',
    closed: 'was closed unmerged, so the hold stays',
  } as const;
  return ` The revert #${revert.number} ${words[revert.state]}.`;
}

function person(login: string): string {
  return login === 'slipway' ? 'the analysis' : `@${login}`;
}
