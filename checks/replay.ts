import type { Check, Judgement } from './check.ts';
import type { Evidence } from './evidence/evidence.ts';
import type { ReplayEvidence } from './evidence/replay-evidence.ts';
import { decidingFinding, inconclusive, missingFinding, notApplicable } from './finding.ts';
import { cohortFindings } from './replay/cohort-findings.ts';
import { compareReplay } from './replay/compare-replay.ts';
import { examplesFinding } from './replay/examples-finding.ts';
import { flipFinding } from './replay/flip-finding.ts';
import { recordedFinding } from './replay/recorded-finding.ts';
import { replayFigures } from './replay/replay-figures.ts';
import { requestFinding } from './replay/request-finding.ts';
import { scoreFinding } from './replay/score-finding.ts';
import { countText, plural } from './report/format.ts';
import type { Finding } from './report/report.ts';

/** Recorded production requests, answered by candidate and champion, against the champion's own noise floor. */
export const replayCheck: Check = {
  name: 'replay',
  asks: 'What would have changed for the requests that production recorded: are all of them answered, how many decisions flip, for whom, by how much, beyond the champion’s own noise?',
  judge,
};

function judge(evidence: Evidence): Judgement {
  const { replay, baseline, proposal } = evidence;
  if (replay === undefined || baseline.kind === 'simple') return alone(notReplayed(evidence));
  if (replay.kind === 'missing') return alone(missingFinding('replay', 'requests', replay));
  const { value } = replay;
  const champion = baseline.manifest.manifest.version;
  const requests = requestFinding(value, champion, proposal);
  const replayed = compareReplay(value);
  if (replayed === undefined || replayed.rows.length === 0) {
    const why =
      replayed === undefined
        ? `${champion} is a ${value.champion.task} model and the proposal a ${value.candidate.task} one`
        : 'no recorded request is answered by both models';
    const flips = inconclusive(
      'replay/flips',
      `answers cannot be compared: ${why}`,
      {},
      { advisory: proposal.manifest.replay?.flips === undefined },
    );
    return judgementOf([requests, flips], value);
  }
  const findings = [
    requests,
    flipFinding(replayed, champion, proposal),
    scoreFinding(replayed, champion, value.champion.scores),
    ...recordedFinding(value, baseline.manifest, proposal.manifest),
    ...cohortFindings(value, replayed, proposal),
    examplesFinding(value, replayed, proposal.manifest),
  ];
  const labels = { candidate: proposal.manifest.version, champion };
  return { ...judgementOf(findings, value), figures: replayFigures(value, replayed, labels) };
}

function alone(finding: Finding): Judgement {
  return { findings: [finding], title: finding.reason };
}

/** Why nothing was replayed. */
function notReplayed({ candidate, baseline, artifact }: Evidence): Finding {
  const id = 'replay/requests';
  if (candidate.kind === 'missing') return missingFinding('replay', 'requests', candidate);
  if (baseline.kind === 'simple')
    return notApplicable(id, `there is no champion to replay requests against: ${baseline.why}`);
  if (artifact.champion?.kind === 'missing') return missingFinding('replay', 'requests', artifact.champion);
  if (artifact.failure !== undefined)
    return inconclusive(id, `recorded requests were not replayed: running the model failed: ${artifact.failure}`, {});
  return notApplicable(id, 'nothing was recorded in production');
}

function judgementOf(findings: readonly Finding[], replay: ReplayEvidence): Judgement {
  const deciding = decidingFinding(findings.filter(({ severity }) => severity === 'blocking'));
  const told = findings.find(({ id }) => id === 'replay/flips' || id === 'replay/scores');
  const isDecided = deciding?.verdict === 'fail' || deciding?.verdict === 'inconclusive';
  const scores = findings.find(({ id }) => id === 'replay/scores');
  const shown = told?.verdict === 'not-applicable' ? scores : told;
  return {
    findings,
    title: (isDecided ? deciding : (shown ?? findings[0]))?.reason ?? '',
    method: methodOf(replay),
  };
}

function methodOf({ label, table, recorded, championRefused }: ReplayEvidence): readonly string[] {
  const sample =
    recorded > table.rows
      ? `${countText(table.rows)} of ${plural(recorded, 'recorded row')}, spread evenly`
      : plural(recorded, 'recorded row');
  return [
    `${sample} (${label}), answered by both models; by the champion twice, the second time in a seeded random order and in batches of 13: what changes then is noise.`,
    `Shares: exact intervals (Clopper and Pearson, 95 %). Cohorts: jointly by Bonferroni; p-values against all other requests (Fisher; of a regression Welch), adjusted together by Benjamini and Hochberg.`,
    ...(championRefused.rows.length === 0
      ? []
      : [
          `${plural(championRefused.rows.length, 'row')} the champion does not take itself: ${championRefused.first ?? ''}.`,
        ]),
    'Flips are told; they fail only beyond a declared replay.flips. Examples leave out columns that the manifest calls pii.',
  ];
}
