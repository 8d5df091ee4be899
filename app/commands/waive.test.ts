import { describe, expect, it } from 'vitest';
import type { Finding, Report } from '../../checks/report/report.ts';
import { waiverKeyOf } from '../../checks/check-model.ts';
import type { LedgerEvent } from '../ledger/ledger.ts';
import type { CommandContext, Subject } from './command.ts';
import { parseCommands } from './parse-commands.ts';
import { parseWaive, waivableFindings, waive } from './waive.ts';

const now = new Date('2026-11-21T12:00:00Z');

function finding(id: string, verdict: Finding['verdict'], severity: Finding['severity'] = 'blocking'): Finding {
  return { id, verdict, severity, reason: `${id} says so`, measured: { n: 1 } };
}

const report: Report = {
  model: 'income',
  version: '2.0.0',
  revision: 'sha256:aa',
  digest: 'sha256:bb',
  baseline: { kind: 'simple' },
  conclusion: 'failure',
  checks: [
    {
      name: 'cohorts',
      conclusion: 'failure',
      title: 'worse',
      durationMs: 1,
      required: true,
      findings: [
        finding('cohorts/sex=Female/roc_auc', 'fail'),
        finding('cohorts/age/roc_auc', 'inconclusive'),
        finding('cohorts/race/roc_auc', 'fail', 'advisory'),
        finding('cohorts/sex=Male/roc_auc', 'pass'),
      ],
    },
  ],
  defaults: {},
  environment: { slipway: '0', node: '0', onnxruntime: '0', cpu: 'x', isolation: 'process' },
};

const ask = (line: string) => {
  const [invocation] = parseCommands(line);
  if (invocation === undefined) throw new Error(`${line} is a command`);
  return invocation;
};

function contextOf(by: string, selfWaive = false) {
  const written: LedgerEvent[] = [];
  const judged: string[] = [];
  const subject: Subject = {
    number: 12,
    selfWaive,
    judged: () =>
      Promise.resolve([
        {
          model: 'income',
          version: '2.0.0',
          revision: 'sha256:aa',
          commit: 'c0',
          pullRequest: 12,
          digest: 'sha256:dd',
          report,
        },
      ]),
    contributors: () => Promise.resolve(new Set(['dana'])),
    judgeAgain: (how) => {
      judged.push(how);
      return Promise.resolve(true);
    },
  };
  const ledger = {
    append: (events: readonly LedgerEvent[]) => {
      written.push(...events);
      return Promise.resolve();
    },
  };
  const context = { subject, ledger, by, source: 'https://x/1', now, signal: AbortSignal.timeout(1000) };
  // A waiver uses nothing else of its context.
  return { context: context as unknown as CommandContext, written, judged };
}

describe('/waive', () => {
  it.each([
    ['/waive', /the finding .* is missing/i],
    ['/waive cohorts because x', /date is missing/i],
    ['/waive cohorts until soon because x', /not a date/],
    ['/waive cohorts until 2026-02-30 because x', /not a date/],
    ['/waive cohorts until 2026-11-20 because x', /is over/],
    ['/waive cohorts until 2026-12-01', /reason is missing/i],
    ['/waive cohorts until 2026-12-01 please because x', /not understood/],
  ])('refuses `%s` with what is wrong', (line, expected) => {
    const wish = parseWaive(ask(line), now);
    expect('kind' in wish && wish.kind === 'refused' ? wish.text : '').toMatch(expected);
  });

  it('holds to the end of the day that it names, today included', () => {
    expect(parseWaive(ask('/waive cohorts until 2026-11-21 because x'), now)).toEqual({
      target: 'cohorts',
      until: '2026-11-21T23:59:59.000Z',
      because: 'x',
    });
  });

  it('takes ids with spaces, and a model', () => {
    expect(
      parseWaive(ask('/waive cohorts/job=Private school/auc for income until 2026-12-01 because x'), now),
    ).toMatchObject({
      target: 'cohorts/job=Private school/auc',
      model: 'income',
    });
  });

  it('covers what blocks: by id, or all of a check', () => {
    const ids = (target: string) => waivableFindings(report, target).map(({ id }) => id);
    expect(ids('cohorts')).toEqual(['cohorts/sex=Female/roc_auc', 'cohorts/age/roc_auc']);
    expect(ids('cohorts/age/roc_auc')).toEqual(['cohorts/age/roc_auc']);
    expect(ids('cohorts/sex=Male/roc_auc')).toEqual([]);
  });

  it('writes who, why, until when, and the content of what was waived; then the checks are judged again', async () => {
    const { context, written, judged } = contextOf('rui');
    const outcome = await waive.run(ask('/waive cohorts/age/roc_auc until 2026-12-01 because few rows'), context);
    expect(outcome.kind).toBe('done');
    expect(written).toMatchObject([
      {
        kind: 'waived',
        actor: 'rui',
        model: 'income',
        pullRequest: 12,
        because: 'few rows',
        data: {
          finding: 'cohorts/age/roc_auc',
          until: '2026-12-01T23:59:59.000Z',
          covers: [waiverKeyOf(finding('cohorts/age/roc_auc', 'inconclusive'))],
          subject: 12,
        },
      },
    ]);
    expect(judged).toEqual(['from-cache']);
  });

  it('is refused to those who wrote a part of the proposal, unless the policy allows it', async () => {
    const line = '/waive cohorts until 2026-12-01 because mine';
    const own = contextOf('dana');
    expect(await waive.run(ask(line), own.context)).toMatchObject({
      kind: 'refused',
      text: expect.stringMatching(/their own/),
    });
    expect(own.written).toEqual([]);
    expect((await waive.run(ask(line), contextOf('dana', true).context)).kind).toBe('done');
  });

  it('names the finding that was probably meant', async () => {
    const { context } = contextOf('rui');
    const outcome = await waive.run(ask('/waive cohorts/sex=Femal/roc_auc until 2026-12-01 because x'), context);
    expect(outcome).toMatchObject({ kind: 'refused', text: expect.stringContaining('`cohorts/sex=Female/roc_auc`') });
  });
});
