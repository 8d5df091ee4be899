import { signatureOf } from '../serving/model/signature.ts';
import { scoreMappingOf } from '../serving/model/score.ts';
import type { Check } from './check.ts';
import type { Evidence } from './evidence/evidence.ts';
import { dataRuleFindings } from './leakage/data-findings.ts';
import { fail, decidingFinding, inconclusive, missingFinding, pass } from './finding.ts';
import { evaluationChanged, manifestFindings } from './manifest/manifest-findings.ts';
import { isRequired } from './manifest/policy.ts';
import { plural } from './report/format.ts';
import type { Finding } from './report/report.ts';

/** Does the manifest parse, does it follow the schema and the rules, does every reference resolve, does it only tighten. */
export function manifestCheck(judgesOfRows: readonly Check[]): Check {
  return {
    name: 'manifest',
    asks: 'Does the manifest parse, does it follow the schema and the rules, does every reference resolve, and does it only tighten?',
    judge(evidence) {
      const findings = [
        ...ruleFindings(evidence),
        ...dataFindings(evidence),
        ...dataRuleFindings(evidence),
        ...evaluationChangedFindings(evidence, judgesOfRows),
      ];
      return { findings, title: titleOf(findings) };
    },
  };
}

export function titleOf(findings: readonly Finding[]): string {
  const worst = decidingFinding(findings);
  const blocking = findings.filter(
    ({ verdict, severity }) => (verdict === 'fail' || verdict === 'inconclusive') && severity === 'blocking',
  );
  if (worst === undefined || blocking.length === 0)
    return `follows the schema and ${plural(findings.filter(({ verdict }) => verdict === 'pass').length, 'rule')}`;
  return blocking.length === 1 ? worst.reason : `${worst.reason} (and ${plural(blocking.length - 1, 'more problem')})`;
}

function ruleFindings({ context, base, policy, proposal, artifact, evaluation }: Evidence): readonly Finding[] {
  if (context === undefined) return [];
  const { submitted, files, bindings, names, goldens } = context;
  const { session } = artifact;
  const inputs = session.kind === 'gathered' ? session.value.inputs : undefined;
  const score =
    session.kind === 'gathered' ? scoreMappingOf(proposal.specification.outputs, session.value.outputs) : undefined;
  return manifestFindings({
    proposal: { kind: 'parsed', loaded: submitted },
    ...(base === undefined ? {} : { base }),
    policy,
    files,
    bindings,
    names,
    goldens,
    ...(inputs === undefined
      ? {}
      : { inputColumns: signatureOf(proposal.specification, inputs).signature.columns.map(({ name }) => name) }),
    ...(evaluation.kind === 'gathered' ? { dataColumns: [...evaluation.value.table.columns.keys()] } : {}),
    ...(score?.kind === 'mapping' ? { task: score.mapping.task } : {}),
  });
}

/** Data that a manifest names and that cannot be used: the manifest's fault, whoever needs them. */
function dataFindings({ evaluation, candidate, baseline, proposal }: Evidence): readonly Finding[] {
  const at = proposal.place('/evaluation/data');
  if (evaluation.kind === 'missing')
    return evaluation.owner === 'manifest'
      ? [missingFinding('manifest', 'evaluation-data', { ...evaluation, at })]
      : [];
  const { rows } = evaluation.value.table;
  const findings: Finding[] = [
    pass('manifest/evaluation-data', `the evaluation data hold ${plural(rows, 'row')} with their labels`, { rows }),
  ];
  if (candidate.kind === 'missing' && candidate.owner === 'manifest')
    findings.push(missingFinding('manifest', 'evaluation-rows', { ...candidate, at }));
  if (
    baseline.kind !== 'simple' &&
    baseline.answers.kind === 'missing' &&
    baseline.answers.owner === 'manifest' &&
    candidate.kind === 'gathered'
  )
    findings.push(missingFinding('manifest', 'evaluation-columns', { ...baseline.answers, at }));
  return findings;
}

/** Other rows than the default branch's must not hide a regression: the old rows are judged as well. */
function evaluationChangedFindings(evidence: Evidence, judgesOfRows: readonly Check[]): readonly Finding[] {
  const { base, context, onBaseRows, baseline, proposal, policy } = evidence;
  if (base === undefined || context === undefined || !evaluationChanged(context.submitted.manifest, base.manifest))
    return [];
  const id = 'manifest/evaluation-changed';
  const at = proposal.place('/evaluation/data');
  if (baseline.kind === 'simple' || onBaseRows === undefined)
    return [
      inconclusive(
        id,
        'the evaluation data changed, and there is no champion to compare with on the old ones',
        {},
        { at, advisory: true },
      ),
    ];
  if (onBaseRows.kind === 'missing')
    return [
      inconclusive(
        id,
        `the evaluation data changed, and the default branch's could not be asked: ${onBaseRows.reason}`,
        {},
        { at },
      ),
    ];
  const { data, candidate, champion } = onBaseRows.value;
  const { onBaseRows: _, ...rest } = evidence;
  const onOldRows: Evidence = {
    ...rest,
    evaluation: { kind: 'gathered', value: data },
    candidate: { kind: 'gathered', value: candidate },
    baseline: { ...baseline, answers: { kind: 'gathered', value: champion } },
  };
  const rows = data.table.rows;
  const judged = judgesOfRows
    .filter(({ name }) => isRequired(policy, name))
    .flatMap((check) => check.judge(onOldRows).findings);
  const failed = judged.filter(({ verdict, severity }) => verdict === 'fail' && severity === 'blocking');
  const [worst] = failed;
  if (worst === undefined)
    return [
      pass(id, `the evaluation data changed, and nothing fails on the default branch's ${plural(rows, 'row')} either`, {
        rows,
        judged: judged.length,
      }),
    ];
  return [
    fail(
      id,
      `the evaluation data changed, and on the default branch's ${plural(rows, 'row')} ${worst.id} fails: ${worst.reason}${failed.length === 1 ? '' : ` (and ${plural(failed.length - 1, 'more finding')})`}`,
      { rows, failed: failed.map((finding) => finding.id), worst: worst.measured },
      { at, next: `keep the rows as well, or have it waived: /waive ${id} until DATE because …` },
    ),
  ];
}
