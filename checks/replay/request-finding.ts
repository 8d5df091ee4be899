import type { ReplayEvidence } from '../evidence/replay-evidence.ts';
import { fail, inconclusive, pass } from '../finding.ts';
import type { LoadedManifest } from '../manifest/manifest.ts';
import { countText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { isAnswered } from './compare-replay.ts';

const ID = 'replay/requests';

/** Does the candidate answer what callers send: every recorded request that the champion answers. */
export function requestFinding(replay: ReplayEvidence, champion: string, proposal: LoadedManifest): Finding {
  const refused = new Set(replay.candidateRefused.rows);
  let [answered, refusals, notFinite] = [0, 0, 0];
  for (let row = 0; row < replay.table.rows; row++) {
    if (!isAnswered(replay.champion, row)) continue;
    answered += 1;
    if (refused.has(row)) refusals += 1;
    else if (!isAnswered(replay.candidate, row)) notFinite += 1;
  }
  const measured = {
    requests: replay.table.rows,
    recorded: replay.recorded,
    answeredByChampion: answered,
    refused: refusals,
    notFinite,
  };
  const of = `${plural(answered, 'recorded request')} that ${champion} answers`;
  if (answered === 0)
    return inconclusive(
      ID,
      `${champion} answers none of ${plural(replay.table.rows, 'recorded request')}${replay.championRefused.first === undefined ? '' : `: ${replay.championRefused.first}`}`,
      measured,
      { next: 'Hand over requests that the version in production takes.' },
    );
  if (refusals + notFinite === 0) return pass(ID, `every one of ${of} is answered`, measured);
  const what = [
    ...(refusals === 0
      ? []
      : [`${countText(refusals)} cannot be asked (${replay.candidateRefused.first ?? 'refused'})`]),
    ...(notFinite === 0 ? [] : [`${countText(notFinite)} get no finite number`]),
  ].join(', ');
  return fail(ID, `of ${of} ${what}`, measured, {
    at: proposal.place('/inputs'),
    // Callers who know that the contract changes will send something else.
    advisory: proposal.manifest.breaking !== undefined,
    next: 'Take what callers send: a missing value, another type, a column that they do not have; or say in the manifest that they know: breaking: "…".',
  });
}
