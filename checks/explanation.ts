import type { Check, Judgement } from './check.ts';
import type { Evidence, Missing } from './evidence/evidence.ts';
import type { ExplainedModel, ExplanationEvidence } from './evidence/explanation-evidence.ts';
import { changeFindings } from './explanation/change-findings.ts';
import { decisionFinding } from './explanation/decision-finding.ts';
import { importanceFigures } from './explanation/importance-figures.ts';
import { importanceFindings } from './explanation/importance-findings.ts';
import { type RankedColumn, rankImportances } from './explanation/rank-importances.ts';
import { protectedFindings } from './explanation/protected-findings.ts';
import { stabilityFinding } from './explanation/stability-finding.ts';
import { decidingFinding, missingFinding } from './finding.ts';
import { countText, numberText, percentText } from './report/format.ts';
import type { Finding } from './report/report.ts';

/** Columns that a title names. */
const TITLE_COLUMNS = 3;

/** What drives the answers, how surely that is known, and what of it a reviewer should know. */
export const explanation: Check = {
  name: 'explanation',
  asks: 'What drives the answers, is that told reliably, did it change against the champion, and does it tell protected groups apart?',
  judge(evidence) {
    const part = evidence.explanation ?? notMeasured(evidence);
    return part.kind === 'missing' ? missingJudgement(part) : judgement(part.value, evidence);
  },
};

/** Nothing was measured where the rows were not answered; the part that is missing says why. */
function notMeasured({ candidate, evaluation }: Evidence): Missing {
  if (evaluation.kind === 'missing') return evaluation;
  if (candidate.kind === 'missing') return candidate;
  return { kind: 'missing', owner: 'artifact', reason: 'what drives the answers was not measured' };
}

function missingJudgement(part: Missing): Judgement {
  const finding = missingFinding('explanation', 'importance', part);
  return { findings: [finding], title: finding.reason };
}

function judgement(measured: ExplanationEvidence, evidence: Evidence): Judgement {
  const { candidate, champion } = measured;
  const ranked = rankImportances(candidate);
  const findings = [
    ...importanceFindings(candidate, ranked, evidence),
    stabilityFinding(candidate, ranked, evidence.proposal.manifest.explanation.stable),
    ...decisionFinding(measured.decisions ?? []),
    ...(champion === undefined ? [] : changeFindings(candidate, champion)),
    ...protectedFindings(measured, ranked, evidence),
  ];
  return {
    findings,
    title: titleOf(findings, candidate, ranked),
    method: methodOf(candidate),
    figures: importanceFigures(candidate, ranked, champion),
  };
}

function titleOf(findings: readonly Finding[], candidate: ExplainedModel, ranked: readonly RankedColumn[]): string {
  const deciding = decidingFinding(findings);
  if (deciding !== undefined && deciding.verdict !== 'pass' && deciding.severity === 'blocking') return deciding.reason;
  return carriedText(candidate, ranked);
}

/** `capital_gain, age and education_num carry 59.3 % of what the inputs add to roc_auc`. */
function carriedText({ metric }: ExplainedModel, ranked: readonly RankedColumn[]): string {
  const top = ranked.filter(({ interval }) => interval.lower > 0).slice(0, TITLE_COLUMNS);
  if (top.length === 0)
    return `no single column of ${ranked.length} can be told from nothing: shuffling any of them costs ${metric} nothing that rows show`;
  const names = top.map(({ name }) => name);
  const list = names.length === 1 ? names[0] : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  const share = top.reduce((sum, each) => sum + each.share, 0);
  return `${list} ${names.length === 1 ? 'carries' : 'carry'} ${percentText(share)} of what the inputs add to ${metric}`;
}

function methodOf({ rows, of, parts, shuffles, metric, value, columns }: ExplainedModel): readonly string[] {
  const sample =
    rows === of
      ? `all ${countText(rows)} evaluation rows`
      : `${countText(rows)} of ${countText(of)} evaluation rows, drawn once with a fixed seed`;
  return [
    `Permutation importance (Breiman 2001): how much worse ${metric} (${numberText(value)} as it is) becomes when one column is shuffled; mean of ${shuffles} seeded ${shuffles === 1 ? 'shuffle' : 'shuffles'} on ${sample}.`,
    `Intervals are at 95 % by Student's t with a jackknife over ${parts} parts of the rows (rows of one key together), within which values are shuffled, so that they hold the rows' chance and the shuffles'.`,
    'Columns that stand in for each other share their importance: each shows less than both together.',
    ...(columns.some(({ patch }) => patch !== undefined)
      ? [
          'A column of lists is shuffled in patches (places from–to in its last dimensions), since shuffling all of it would only say that the model uses its input.',
        ]
      : []),
  ];
}
