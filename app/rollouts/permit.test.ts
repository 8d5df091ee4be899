import { describe, expect, it } from 'vitest';
import { waiverKeyOf } from '../../checks/check-model.ts';
import type { Finding, Report } from '../../checks/report/report.ts';
import { checkedEventOf } from '../ledger/checked.ts';
import type { LedgerEvent, LedgerLine } from '../ledger/ledger.ts';
import { pastNamed, pastOf, quarantinesOf } from './past.ts';
import { permitOf } from './permit.ts';

const now = new Date('2026-11-21T10:00:00Z');
const at = now.toISOString();
const asked = { model: 'income', revision: 'sha256:2', tree: 'tree 2', stable: 'sha256:1', now };
const finding: Finding = {
  id: 'baseline/log_loss',
  verdict: 'fail',
  severity: 'blocking',
  reason: 'worse',
  measured: {},
};

const about = { at, actor: 'slipway', model: 'income', version: '2.0.0', revision: 'sha256:2' } as const;
const checked = (conclusion: Report['conclusion'], baseline = 'sha256:1', tree = 'tree 2'): LedgerEvent =>
  checkedEventOf({
    ...about,
    pullRequest: 7,
    commit: 'c2',
    tree,
    baseline,
    conclusion,
    checks: [{ name: 'baseline', conclusion: 'success' }],
    report: `${conclusion} report`,
  });
const refused: LedgerEvent = {
  ...about,
  kind: 'refused',
  key: 'refused',
  because: 'its checks failed',
  report: 'failure report',
  data: { tree: 'tree 2', baseline: 'sha256:1', issue: 12 },
};
const waived = (covers: readonly string[], until = '2027-01-01T00:00:00Z'): LedgerEvent => ({
  ...about,
  actor: 'rui',
  kind: 'waived',
  key: `waived ${until}`,
  data: { finding: 'baseline/log_loss', until, covers, subject: 12 },
});
const quarantined: LedgerEvent = { ...about, kind: 'quarantined', key: 'q', actor: 'ola', because: 'refusals doubled' };
const lifted: LedgerEvent = { ...about, kind: 'quarantine-lifted', key: 'l', actor: 'ola' };
const adopted = (tree: string): LedgerEvent => ({
  ...about,
  kind: 'adopted',
  key: `adopted ${tree}`,
  commit: 'c2',
  data: { tree },
});
const promoted: LedgerEvent = { ...about, kind: 'promoted', key: 'p', commit: 'c2' };

function linesOf(...events: readonly LedgerEvent[]): readonly LedgerLine[] {
  return events.map((event, sequence) => ({ ...event, sequence, previous: '', signature: '' }));
}

async function permit(
  events: readonly LedgerEvent[],
  over: Partial<typeof asked> & { readonly stable?: string | undefined } = {},
) {
  const { stable, ...rest } = { ...asked, ...over };
  const wish = { ...rest, ...(stable === undefined ? {} : { stable }) };
  const report = {
    checks: [{ name: 'baseline', required: true, conclusion: 'failure', findings: [finding] }],
  } as unknown as Report;
  const found = await permitOf(linesOf(...events), wish, async (digest) =>
    digest === 'failure report' ? report : undefined,
  );
  return found.kind;
}

describe('what git names may be rolled out', () => {
  it.each([
    ['never judged', [], 'unjudged'],
    ['judged well against what runs', [checked('success')], 'allowed'],
    ['judged well against what ran before', [checked('success', 'sha256:0')], 'unjudged'],
    [
      'judged well against what runs, and since then against something else',
      [checked('success'), checked('success', 'sha256:0')],
      'allowed',
    ],
    ['judged badly', [checked('failure')], 'refused'],
    ['judged without a decision', [checked('action_required')], 'refused'],
    ['judged badly, then well', [checked('failure'), checked('success')], 'allowed'],
    ['judged well, then badly', [checked('success'), checked('failure')], 'refused'],
    ['another tree was judged well', [checked('success', 'sha256:1', 'tree 3')], 'unjudged'],
    ['refused', [checked('failure'), refused], 'refused'],
    ['refused and waived', [checked('failure'), refused, waived([waiverKeyOf(finding)])], 'allowed'],
    [
      'refused and waived until yesterday',
      [refused, waived([waiverKeyOf(finding)], '2026-11-20T00:00:00Z')],
      'refused',
    ],
    ['refused, something else waived', [refused, waived(['other'])], 'refused'],
    ['judged well, but quarantined', [checked('success'), quarantined], 'refused'],
    ['quarantined, and let back', [checked('success'), quarantined, lifted], 'allowed'],
    ['adopted as it is', [adopted('tree 2')], 'allowed'],
    ['adopted, and changed since', [adopted('tree 1')], 'unjudged'],
    ['adopted, but quarantined', [adopted('tree 2'), quarantined], 'refused'],
    ['production once, over something else that runs now', [promoted], 'unjudged'],
  ] as const)('%s: %s', async (_, events, kind) => {
    expect(await permit(events)).toBe(kind);
  });

  it('when nothing runs: what was production before, and what passed as a first version', async () => {
    expect(await permit([promoted], { stable: undefined })).toBe('allowed');
    expect(await permit([checked('success', 'none')], { stable: undefined })).toBe('allowed');
    expect(await permit([checked('success')], { stable: undefined })).toBe('unjudged');
  });
});

describe('the past of a model', () => {
  const lines = linesOf(
    { ...adopted('t'), version: '1.0.0', revision: 'sha256:aaaaaaa1', commit: '1111111111' },
    { ...promoted, version: '2.0.0', revision: 'sha256:bbbbbbb2', commit: '2222222222' },
    { ...promoted, key: 'p2', version: '2.0.0', revision: 'sha256:bbbbbbb2', commit: '2222222222' },
    { ...promoted, key: 'p3', model: 'other', version: '9.0.0', revision: 'sha256:c', commit: '3333333333' },
  );

  it('holds what served, newest first, each revision once', () => {
    expect(pastOf(lines, 'income').map(({ version }) => version)).toEqual(['2.0.0', '1.0.0']);
  });

  it.each([
    ['1.0.0', '1.0.0'],
    ['2222222', '2.0.0'],
    ['sha256:aaaaaaa1', '1.0.0'],
    ['bbbbbbb', '2.0.0'],
    ['222', undefined],
    ['9.0.0', undefined],
  ])('%s names %s', (name, version) => {
    expect(pastNamed(pastOf(lines, 'income'), name)?.version).toBe(version);
  });

  it('keeps a quarantine until it is lifted, of this model only', () => {
    expect(quarantinesOf(linesOf(quarantined), 'income').get('sha256:2')).toMatchObject({
      by: 'ola',
      because: 'refusals doubled',
    });
    expect(quarantinesOf(linesOf(quarantined, lifted), 'income').size).toBe(0);
    expect(quarantinesOf(linesOf(quarantined), 'other').size).toBe(0);
  });
});
