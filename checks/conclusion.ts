import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { CheckName, Judgement } from './check.ts';
import type { Waiver } from './check-model.ts';
import { decidingFinding } from './finding.ts';
import { isRequired, type Policy } from './manifest/policy.ts';
import type {
  CheckConclusion,
  CheckResult,
  Finding,
  Measured,
  MeasuredValue,
  ReportConclusion,
} from './report/report.ts';

/** What turns findings into a conclusion beside the findings themselves. */
export interface ConclusionContext {
  readonly policy: Policy;
  readonly waivers: readonly Waiver[];
  readonly now: Date;
}

/** A check's result: in an advisory check nothing blocks, and what was waived no longer does. */
export function checkResultOf(
  name: CheckName,
  { findings, title, method, figures }: Judgement,
  durationMs: number,
  context: ConclusionContext,
): CheckResult {
  const required = isRequired(context.policy, name);
  const told = findings.map((finding) =>
    waivedOrSame(
      { ...finding, measured: writable(finding.measured), ...(required ? {} : { severity: 'advisory' }) },
      context,
    ),
  );
  return {
    name,
    conclusion: checkConclusionOf(told),
    title: titleAfterWaivers(title, findings, told),
    durationMs,
    required,
    findings: told,
    ...(method === undefined ? {} : { method }),
    ...(figures === undefined || figures.length === 0 ? {} : { figures }),
  };
}

/** The result of a check that threw. */
export function failedResultOf(
  name: CheckName,
  thrown: unknown,
  durationMs: number,
  context: ConclusionContext,
): CheckResult {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const finding: Finding = {
    id: `${name}/error`,
    verdict: 'error',
    severity: 'blocking',
    reason: `the check itself failed: ${reason}`,
    measured: {},
    next: 'Run it again; when it fails again, it is a bug of Slipway: please report it.',
  };
  return checkResultOf(name, { findings: [finding], title: finding.reason }, durationMs, context);
}

/**
 * Pass and waived give success; nothing to judge gives skipped; a fail outranks what could not be told. Advisory findings decide nothing;
 * but where they are all there is and none could be told, that is skipped, too: "cannot say" never looks like a pass.
 */
export function checkConclusionOf(findings: readonly Finding[]): CheckConclusion {
  const blocking = findings.filter(({ severity }) => severity === 'blocking');
  const has = (verdict: Finding['verdict']): boolean => blocking.some((finding) => finding.verdict === verdict);
  if (has('fail') || has('error')) return 'failure';
  if (has('inconclusive')) return 'action_required';
  const isSilent = (verdict: Finding['verdict']): boolean => verdict === 'not-applicable' || verdict === 'inconclusive';
  return findings.every(({ verdict }) => isSilent(verdict)) ? 'skipped' : 'success';
}

/** The summary is never neutral or skipped, which GitHub takes for a pass. */
export function reportConclusionOf(results: readonly CheckResult[]): ReportConclusion {
  const blocking = results
    .filter(({ required }) => required)
    .flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'blocking'));
  if (blocking.some(({ verdict }) => verdict === 'fail')) return 'failure';
  return blocking.some(({ verdict }) => verdict === 'error' || verdict === 'inconclusive')
    ? 'action_required'
    : 'success';
}

function waivedOrSame(finding: Finding, { waivers, now }: ConclusionContext): Finding {
  if (finding.severity !== 'blocking' || (finding.verdict !== 'fail' && finding.verdict !== 'inconclusive'))
    return finding;
  const waiver = waiverFor(finding, waivers, now);
  if (waiver === undefined) return finding;
  const { by, because, until } = waiver;
  return { ...finding, verdict: 'waived', waiver: { by, because, until } };
}

/** The waiver that covers a finding as it is now: by its id or its check's name, by its content, and not yet past. */
export function waiverFor(finding: Finding, waivers: readonly Waiver[], now: Date): Waiver | undefined {
  const key = waiverKeyOf(finding);
  const [check] = finding.id.split('/');
  return waivers.find(
    (waiver) =>
      (waiver.finding === finding.id || waiver.finding === check) &&
      waiver.covers.includes(key) &&
      new Date(waiver.until) > now,
  );
}

/** What a waiver of a finding covers: the finding and its numbers. Other numbers are another finding. */
export function waiverKeyOf({ id, measured }: Finding): string {
  return createHash('sha256')
    .update(canonicalize({ id, measured: writable(measured) }) ?? id)
    .digest('hex');
}

/** JSON has no NaN and no infinity; as null they would read as not measured. */
function writable(measured: Measured): Measured {
  return Object.fromEntries(Object.entries(measured).map(([name, value]) => [name, writableValue(value)]));
}

function writableValue(value: MeasuredValue): MeasuredValue {
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  return isList(value) ? value.map(writableValue) : writable(value);
}

function isList(value: readonly MeasuredValue[] | Measured): value is readonly MeasuredValue[] {
  return Array.isArray(value);
}

function titleAfterWaivers(title: string, before: readonly Finding[], after: readonly Finding[]): string {
  const waived = after.filter(({ verdict }) => verdict === 'waived').length;
  if (waived === 0) return title;
  const worst = decidingFinding(after);
  const rest =
    worst !== undefined && worst.verdict !== 'waived' && worst.severity === 'blocking' && worst.verdict !== 'pass'
      ? worst.reason
      : undefined;
  return rest ?? `${waived} of ${before.length} findings waived: ${title}`;
}
