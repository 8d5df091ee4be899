import type { Policy } from '../../checks/manifest/policy.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { deployedOf } from './desired-models.ts';
import type { GitDesired } from './git-desired.ts';
import { type Deployed, liveRollout, type ModelState } from './model-state.ts';
import { pastNamed, pastOf, quarantinesOf } from './past.ts';

/**
 * Where a rollback leads: to what `to VERSION|SHA` names, else to the warm version before (undefined: the state knows it), else to
 * the newest version that served and is not quarantined. A sentence says why there is none.
 */
export async function rollbackTarget(
  wish: { readonly model: string; readonly to?: string },
  state: ModelState,
  known: { readonly git: Pick<GitDesired, 'ofPast'>; readonly ledger: Ledger; readonly policy: Policy },
  signal: AbortSignal,
): Promise<Deployed | undefined | string> {
  const { to, model } = wish;
  if (to === undefined && (liveRollout(state) !== undefined || state.previous !== undefined)) return undefined;
  const near = [state.stable, state.previous].filter((each) => each !== undefined);
  const named = near.find(({ version, commit }) => version === to || (to !== undefined && isCommit(commit, to)));
  if (named !== undefined) return named;
  const { lines } = await known.ledger.read(signal);
  const quarantined = quarantinesOf(lines, model);
  const past = pastOf(lines, model).filter(({ revision }) => revision !== state.stable?.revision);
  const chosen = to === undefined ? past.find(({ revision }) => !quarantined.has(revision)) : pastNamed(past, to);
  if (chosen === undefined) {
    if (to === undefined) return `**${model}** has no earlier version that could serve.`;
    const versions = past.map(({ version }) => version).join(', ');
    return `**${model}** never served a version or commit \`${to}\`.${versions === '' ? '' : ` It served ${versions}.`}`;
  }
  const quarantine = quarantined.get(chosen.revision);
  if (quarantine !== undefined)
    return `Version ${chosen.version} is quarantined: ${quarantine.because} (@${quarantine.by}).`;
  const found = await known.git.ofPast(chosen, model, known.policy, signal);
  if (found === undefined)
    return `Version ${chosen.version} of **${model}** cannot be read at commit ${chosen.commit} any more.`;
  return deployedOf(found, found.provenance);
}

/** Digits of a commit that a person must give at least, as git asks for. */
const PREFIX_LENGTH = 7;

function isCommit(commit: string | undefined, name: string): boolean {
  return name.length >= PREFIX_LENGTH && commit?.startsWith(name.toLowerCase()) === true;
}
