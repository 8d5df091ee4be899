import type { Check } from '../../checks/check.ts';
import type { Policy } from '../../checks/manifest/policy.ts';
import { waivableFindings } from '../commands/waive.ts';
import type { Judged } from '../commands/command.ts';
import type { ButtonPress } from '../intake.ts';

const defaultWaiverDays = 30;
const dayMs = 24 * 3_600_000;

/** What is answered to the buttons of a check run, as a comment on the pull request. */
export function buttonAnswer(
  press: Pick<ButtonPress, 'identifier' | 'name' | 'by'>,
  facts: {
    readonly judged: readonly Judged[];
    readonly checks: readonly Pick<Check, 'name' | 'asks'>[];
    readonly policy: Pick<Policy, 'permissions'>;
    readonly now: Date;
  },
): string {
  const [model, name] = press.name.includes('/') ? split(press.name) : [undefined, press.name];
  const judged = facts.judged.filter((each) => model === undefined || each.model === model);
  return press.identifier === 'waive'
    ? waiveAnswer(press.by, name, judged, facts)
    : explainAnswer(press.by, name, judged, facts);
}

function split(name: string): readonly [string, string] {
  const at = name.indexOf('/');
  return [name.slice(0, at), name.slice(at + 1)];
}

/** A waiver wants a date and a reason, which a button cannot ask for: so it writes the command that does. */
function waiveAnswer(
  by: string,
  check: string,
  judged: readonly Judged[],
  { policy, now }: { readonly policy: Pick<Policy, 'permissions'>; readonly now: Date },
): string {
  const findings = judged.flatMap(({ report }) => waivableFindings(report, check));
  if (findings.length === 0)
    return `@${by}: nothing of \`${check}\` blocks this proposal now, so there is nothing to waive.`;
  const until = new Date(now.getTime() + defaultWaiverDays * dayMs).toISOString().slice(0, '2026-12-01'.length);
  const lines = findings.map(({ id, reason }) => `- \`${id}\`: ${reason}`);
  return [
    `@${by}: to accept these findings of \`${check}\` as they are now,`,
    lines.join('\n'),
    'post this as a comment, with a date and the reason, which the ledger keeps:',
    `\`\`\`\n/waive ${check} until ${until} because …\n\`\`\``,
    `Who may: \`${policy.permissions['waive'] ?? 'admin'}\` or more, and nobody who wrote a part of this proposal unless the policy says so.`,
  ].join('\n\n');
}

function explainAnswer(
  by: string,
  check: string,
  judged: readonly Judged[],
  { checks }: { readonly checks: readonly Pick<Check, 'name' | 'asks'>[] },
): string {
  const asks = checks.find(({ name }) => name === check)?.asks ?? 'Whether everything that is required passes.';
  const results = judged.flatMap(({ model, version, report }) =>
    report.checks.filter(({ name }) => name === check).map((result) => ({ model, version, result })),
  );
  const told = results.map(({ model, version, result }) =>
    [
      `**${model} ${version}**: ${result.title}`,
      ...result.findings
        .filter(({ verdict }) => verdict !== 'pass')
        .map(({ id, reason, next }) => `- \`${id}\`: ${reason}${next === undefined ? '' : ` ${next}`}`),
      ...(result.method ?? []).map((sentence) => `- ${sentence}`),
    ].join('\n'),
  );
  return [`@${by}: \`${check}\` asks: ${asks}`, ...told].join('\n\n');
}
