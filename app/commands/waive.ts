import { waiverKeyOf } from '../../checks/check-model.ts';
import { nearestOf } from '../../checks/manifest/nearest.ts';
import type { Finding, Report } from '../../checks/report/report.ts';
import type { LedgerEvent } from '../ledger/ledger.ts';
import type { Outcome } from '../rollouts/rollouts.ts';
import { usageRefusal } from './command.ts';
import type { Command, CommandContext, Judged } from './command.ts';
import type { Invocation } from './parse-commands.ts';

export const waive: Command = {
  name: 'waive',
  usage: '/waive FINDING|CHECK [for MODEL] until DATE because …',
  does: 'Accepts findings as they are now, until a date: they no longer block this proposal. New or changed findings are not covered.',
  async run(invocation, context) {
    const wish = parseWaive(invocation, context.now);
    if ('kind' in wish) return wish;
    const refusal = await selfWaiveRefusal(context);
    if (refusal !== undefined) return refusal;
    const judged = (await context.subject.judged(context.signal)).filter(
      ({ model }) => wish.model === undefined || model === wish.model,
    );
    const covered = judged
      .map((judgement) => ({ judgement, findings: waivableFindings(judgement.report, wish.target) }))
      .filter(({ findings }) => findings.length > 0);
    if (covered.length === 0) return nothingToWaive(judged, wish);
    const events = covered.map(({ judgement, findings }) => waivedEvent(wish, judgement, findings, context));
    await context.ledger.append(events, context.signal);
    await context.subject.judgeAgain('from-cache');
    return { kind: 'done', text: waivedText(wish, covered) };
  },
};

export interface WaiveWish {
  /** A finding's id or a check's name. */
  readonly target: string;
  readonly model?: string;
  /** ISO date-time: the end of the day that was named. */
  readonly until: string;
  readonly because: string;
}

/** Pure part: what the line asks for, or why it cannot be meant. */
export function parseWaive({ words, because }: Pick<Invocation, 'words' | 'because'>, now: Date): WaiveWish | Outcome {
  const at = words.findLastIndex((word) => word.toLowerCase() === 'until');
  const [date, ...others] = at === -1 ? [] : words.slice(at + 1);
  const named = at === -1 ? words : words.slice(0, at);
  if (named.length === 0) return usageRefusal(waive, 'The finding (or the check) is missing.');
  if (date === undefined) return usageRefusal(waive, 'The date is missing: every waiver ends.');
  if (others.length > 0) return usageRefusal(waive, `\`${others.join(' ')}\` after the date was not understood.`);
  const until = endOfDay(date);
  if (until === undefined) return usageRefusal(waive, `\`${date}\` is not a date like 2026-12-01.`);
  if (until <= now) return usageRefusal(waive, `${date} is over.`);
  if (because === undefined) return usageRefusal(waive, 'The reason is missing: the ledger keeps why.');
  const hasModel = named.length > 2 && named.at(-2)?.toLowerCase() === 'for';
  const target = (hasModel ? named.slice(0, -2) : named).join(' ');
  const model = named.at(-1);
  const wish = { target, until: until.toISOString(), because };
  return hasModel && model !== undefined ? { ...wish, model } : wish;
}

function endOfDay(date: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) return undefined;
  const end = new Date(`${date}T23:59:59Z`);
  // JavaScript rolls 2026-02-30 over into March.
  return Number.isNaN(end.getTime()) || !end.toISOString().startsWith(date) ? undefined : end;
}

/** Findings of that id, or of that check, that block now. */
export function waivableFindings(report: Report, target: string): readonly Finding[] {
  return report.checks
    .flatMap((check) => check.findings.filter(({ id }) => check.name === target || id === target))
    .filter(isBlocking);
}

function isBlocking({ verdict, severity }: Finding): boolean {
  return severity === 'blocking' && (verdict === 'fail' || verdict === 'inconclusive' || verdict === 'error');
}

async function selfWaiveRefusal({ subject, by, signal }: CommandContext): Promise<Outcome | undefined> {
  if (subject.selfWaive || !(await subject.contributors(signal)).has(by)) return undefined;
  return {
    kind: 'refused',
    text: `@${by} wrote a part of this proposal, and nobody waives their own. Somebody else with the permission may, or the policy says \`checks.selfWaive: true\`.`,
  };
}

function nothingToWaive(judged: readonly Judged[], wish: WaiveWish): Outcome {
  const blocking = judged.flatMap(({ report }) => report.checks.flatMap(({ findings }) => findings.filter(isBlocking)));
  if (blocking.length === 0) return { kind: 'refused', text: 'No finding blocks here, so there is nothing to waive.' };
  const ids = [...new Set(blocking.map(({ id }) => id))];
  const nearest = nearestOf(wish.target, ids);
  const hint =
    nearest === undefined ? `These block: ${ids.map((id) => `\`${id}\``).join(', ')}.` : `Was \`${nearest}\` meant?`;
  return { kind: 'refused', text: `No blocking finding or check is called \`${wish.target}\` here. ${hint}` };
}

function waivedEvent(
  wish: WaiveWish,
  { model, version, revision, commit, pullRequest, digest }: Judged,
  findings: readonly Finding[],
  { by, source, now, subject }: CommandContext,
): LedgerEvent {
  return {
    kind: 'waived',
    key: `waived/${model}/${wish.target}/${source}`,
    at: now.toISOString(),
    actor: by,
    model,
    version,
    revision,
    commit,
    ...(pullRequest === undefined ? {} : { pullRequest }),
    because: wish.because,
    report: digest,
    data: {
      finding: wish.target,
      until: wish.until,
      covers: findings.map(waiverKeyOf),
      subject: subject.number,
      source,
    },
  };
}

function waivedText(
  wish: WaiveWish,
  covered: readonly { readonly judgement: Judged; readonly findings: readonly Finding[] }[],
): string {
  const lines = covered.flatMap(({ judgement, findings }) =>
    findings.map(({ id, reason }) => `- \`${id}\` of ${judgement.model} ${judgement.version}: ${reason}`),
  );
  return `Waived until ${wish.until.slice(0, 10)}, as they are now:\n\n${lines.join('\n')}\n\nThe checks are judged again; \`/unwaive ${wish.target}\` takes it back.`;
}
