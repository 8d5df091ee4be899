import type { LedgerEvent } from '../ledger/ledger.ts';
import { waiversOf } from '../proposals/waivers.ts';
import { usageRefusal } from './command.ts';
import type { Command } from './command.ts';

export const unwaive: Command = {
  name: 'unwaive',
  usage: '/unwaive FINDING|CHECK',
  does: 'Takes a waiver of this proposal back.',
  async run({ words }, { ledger, subject, by, source, now, signal }) {
    const target = words.join(' ');
    if (target === '') return usageRefusal(this, 'The finding (or the check) is missing.');
    const { lines } = await ledger.read(signal);
    const events = (await subject.judged(signal))
      .filter(({ model }) =>
        waiversOf(lines, { model, subject: subject.number, now }).some(({ finding }) => finding === target),
      )
      .map(
        ({ model, version, revision, pullRequest }): LedgerEvent => ({
          kind: 'unwaived',
          key: `unwaived/${model}/${target}/${source}`,
          at: now.toISOString(),
          actor: by,
          model,
          version,
          revision,
          ...(pullRequest === undefined ? {} : { pullRequest }),
          data: { finding: target, subject: subject.number, source },
        }),
      );
    if (events.length === 0) return { kind: 'refused', text: `No waiver of \`${target}\` holds here.` };
    await ledger.append(events, signal);
    await subject.judgeAgain('from-cache');
    return { kind: 'done', text: `The waiver of \`${target}\` is taken back; the checks are judged again.` };
  },
};
