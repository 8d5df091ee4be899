import type { Waiver } from '../../checks/check-model.ts';
import type { LedgerLine } from '../ledger/ledger.ts';

/**
 * The waivers that hold for one model of one proposal (or refused merge): what was given under its number, minus what was
 * taken back later, minus what is over.
 */
export function waiversOf(
  lines: readonly LedgerLine[],
  about: { readonly model: string; readonly subject: number; readonly now: Date },
): readonly Waiver[] {
  let waivers: readonly Waiver[] = [];
  for (const line of lines) {
    if (line.model !== about.model || line.data?.['subject'] !== about.subject) continue;
    const finding = line.data['finding'];
    if (typeof finding !== 'string') continue;
    if (line.kind === 'unwaived') waivers = waivers.filter((waiver) => waiver.finding !== finding);
    if (line.kind === 'waived') waivers = [...waivers, waiverOf(line, finding, line.data)];
  }
  return waivers.filter(({ until }) => new Date(until) > about.now);
}

function waiverOf(line: LedgerLine, finding: string, data: NonNullable<LedgerLine['data']>): Waiver {
  const { until, covers } = data;
  return {
    finding,
    by: line.actor,
    because: line.because ?? '',
    until: typeof until === 'string' ? until : line.at,
    covers: Array.isArray(covers) ? covers.filter((key) => typeof key === 'string') : [],
  };
}
