import { describe, expect, it } from 'vitest';
import type { Report } from '../../../checks/report/report.ts';
import { textOf } from '../markup.ts';
import { linksOf, type Page } from '../page.ts';
import {
  blockedReport,
  driftedReport,
  passingReport,
  proposalOf,
  SAMPLE_NOW,
  sampleFleet,
  sampleLedger,
  sampleModelRoom,
  sampleProposals,
} from '../sample-views.ts';
import type { FleetView, ModelView, ProposalView } from '../views.ts';
import { fleetRoom } from './fleet-room.ts';
import { chainSentence, filtered, ledgerRoom } from './ledger-room.ts';
import { modelRoom } from './model-room.ts';
import { proposalRoom } from './proposal-room.ts';
import { proposalsRoom, sentenceOf } from './proposals-room.ts';

const links = linksOf('https://github.com');
const drawn = (page: Page): string => textOf(page.main);
const words = (page: Page): string =>
  drawn(page)
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ');

const HOSTILE = `<img src=x onerror=alert(1)>"'&`;

/** Every string in a value replaced by a hostile one, except those that must stay what they are. */
function poisoned<T>(value: T, keep: readonly string[]): T {
  const change = (some: unknown, key: string): unknown => {
    if (typeof some === 'string') return keep.includes(key) ? some : HOSTILE;
    if (Array.isArray(some)) return some.map((item) => change(item, key));
    if (typeof some === 'object' && some !== null) {
      return Object.fromEntries(Object.entries(some).map(([name, inner]) => [name, change(inner, name)]));
    }
    return some;
  };
  return change(value, '') as T;
}

const KEEP = [
  'side',
  'curve',
  'kind',
  'state',
  'phase',
  'verdict',
  'severity',
  'conclusion',
  'health',
  'at',
  'since',
  'startedAt',
  'name',
  'metric',
  'task',
];

describe('every room', () => {
  const views: readonly (readonly [string, () => Page])[] = [
    ['fleet', () => fleetRoom(poisoned(sampleFleet, KEEP), links)],
    ['model', () => modelRoom(poisoned(sampleModelRoom(sampleFleet.models[1] as ModelView), KEEP), links)],
    ['proposals', () => proposalsRoom(poisoned(sampleProposals, KEEP), SAMPLE_NOW)],
    ['proposal', () => proposalRoom(poisoned(proposalOf(blockedReport), KEEP), links)],
    ['drifted proposal', () => proposalRoom(poisoned(proposalOf(driftedReport), KEEP), links)],
    ['running proposal', () => proposalRoom(poisoned(proposalOf(undefined), KEEP), links)],
    ['ledger', () => ledgerRoom(poisoned({ ...sampleLedger, problems: ['line 9'] }, KEEP), {}, links)],
  ];
  it.each(views)('shows hostile names in %s as text, in drawings and attributes too', (_, draw) => {
    const page = drawn(draw());
    const tags = page.replaceAll(/"[^"]*"/g, '""');
    expect(page.includes('&lt;img')).toBe(true);
    expect(tags.match(/<img|<[^>]*\sonerror/)).toBeNull();
  });

  it('follows no address but http and https', () => {
    const view: ProposalView = { ...proposalOf(blockedReport), url: 'javascript:alert(1)' };
    expect(drawn(proposalRoom(view, links))).not.toContain('javascript:');
  });

  it('names parts that are live only once, or one would get the other’s value', () => {
    for (const [, draw] of views) {
      const keys = [...drawn(draw()).matchAll(/data-live="([^"]*)"/g)]
        .map(([, key]) => key)
        .filter((key) => !key?.includes('&lt;'));
      expect(new Set(keys).size).toBe(keys.length);
    }
  });
});

describe('the fleet', () => {
  const rowsOf = (view: FleetView): readonly string[] =>
    [...drawn(fleetRoom(view, links)).matchAll(/<tr><th scope="row"><a href="[^"]*" class="strong">([^<]*)</g)].map(
      ([, name]) => name ?? '',
    );

  it('is ordered failing, drifted, held, drifted away, rolling, in sync, and inside by requests', () => {
    expect(rowsOf(sampleFleet)).toEqual(['loan-default', 'wine', 'digits', 'income', 'churn', 'biopsy', 'diabetes']);
  });

  it('says what would be turned back to, with the command beside it', () => {
    const page = words(fleetRoom(sampleFleet, links));
    expect(page).toContain('Roll back to 1.0.0…');
    expect(page).toContain('/rollback loan-default because …');
    expect(page).toMatch(/Previous revision 1\.0\.0 [0-9a-f]{7} , warm for another 5 h 12 min/);
  });

  it('says who holds a model, why, and how it ends', () => {
    const held = { ...sampleFleet, models: sampleFleet.models.filter(({ model }) => model === 'wine') };
    const page = words(fleetRoom(held, links));
    expect(page).toContain('One model needs a look: wine is held by @on-call since 01:20:40; git says 1.5.0');
    expect(page).toContain('“1.5.0 answers class 2 for white wines”');
    expect(page).toContain('/unhold wine because …');
  });

  it('shows what the present step needs and what it has', () => {
    const page = words(fleetRoom(sampleFleet, links));
    expect(page).toContain('Step 3: what it needs, and what it has');
    expect(page).toContain('0 of 1,002; at worst 0.98 % at most 1 %');
    expect(page).toContain('/abort income 25 % back to 1.0.0 at once');
  });

  it('tells how to begin when nothing is deployed', () => {
    expect(words(fleetRoom({ ...sampleFleet, models: [] }, links))).toContain('No model is deployed yet.');
  });

  it('shows a model that does not run yet, without numbers it does not have', () => {
    const model: ModelView = {
      model: 'new',
      repository: 'acme/models',
      alerts: [],
      desired: { version: '1.0.0', revision: 'sha256:0' },
    };
    const page = words(fleetRoom({ ...sampleFleet, models: [model] }, links));
    expect(page).toContain('One model needs a look: new has drifted away, not running; git says 1.0.0.');
    expect(page).toContain('nothing yet');
  });
});

describe('a proposal', () => {
  it('begins with the number that decided', () => {
    expect(words(proposalRoom(proposalOf(blockedReport), links))).toContain(
      'Blocked by cohorts Worse for sex = Female: roc_auc falls by 0.153; the margin is 0.020.',
    );
  });

  it('draws every cohort as a row, worst first, then what cannot be said, then what is right', () => {
    const table =
      drawn(proposalRoom(proposalOf(blockedReport), links))
        .split('id="cohorts"')[1]
        ?.split('</table>')[0] ?? '';
    const verdicts = [...table.matchAll(/<span>(worse|cannot say|not worse)<\/span>/g)].map(([, word]) => word);
    expect(verdicts).toEqual([
      ...Array.from({ length: 3 }, () => 'worse'),
      ...Array.from({ length: 7 }, () => 'cannot say'),
      ...Array.from({ length: 9 }, () => 'not worse'),
    ]);
    expect(table.match(/<svg class="c"/g)).toHaveLength(20);
  });

  it('never shows what cannot be said with a tick', () => {
    const page = drawn(proposalRoom(proposalOf(blockedReport), links));
    for (const [cell] of page.matchAll(/<span class="state[^>]*>(?:(?!<\/span><\/span>).)*cannot say/g))
      expect(cell).not.toContain('M2 7.5l3.3');
  });

  it('gives the line that waives what blocks it, with the findings it covers', () => {
    const page = words(proposalRoom(proposalOf(blockedReport), links));
    expect(page).toContain('/waive cohorts until 2026-12-14 because …');
    expect(page).toContain('It covers these 3 findings');
    expect(page).toContain('@acme/ml-leads');
  });

  it('names the model in that line when the pull request proposes several', () => {
    const one = proposalOf(blockedReport);
    const view: ProposalView = {
      ...one,
      models: [...one.models, ...proposalOf(passingReport).models.map((model) => ({ ...model, model: 'wine' }))],
    };
    const page = words(proposalRoom(view, links));
    expect(page).toContain('Two models: income is blocked, wine passes.');
    expect(page).toContain('/waive cohorts for income until');
  });

  it('links a finding to its line of the manifest at the commit that was judged', () => {
    expect(drawn(proposalRoom(proposalOf(blockedReport), links))).toMatch(
      /href="https:\/\/github\.com\/acme\/models\/blob\/[0-9a-f]{40}\/models\/income\/model\.yaml#L12"/,
    );
  });

  it('says that it may be merged with the first metric’s number, and offers no waiver', () => {
    const page = words(proposalRoom(proposalOf(passingReport), links));
    expect(page).toContain('All six checks pass: roc_auc +0.041 [+0.033, +0.050] against 1.0.0.');
    expect(page).not.toContain('/waive');
  });

  it('draws a report whose checks found nothing at all', () => {
    const empty: Report = { ...passingReport, checks: [], conclusion: 'success' };
    expect(words(proposalRoom(proposalOf(empty), links))).toContain('No required check has judged this.');
  });
});

describe('proposals', () => {
  it('puts what is blocked first', () => {
    const page = words(proposalsRoom(sampleProposals, SAMPLE_NOW));
    expect(page).toContain('One of two open proposals is blocked: #412.');
    expect(page.indexOf('#412 income')).toBeLessThan(page.indexOf('#419 bike-demand'));
    expect(page.indexOf('#419 bike-demand')).toBeLessThan(page.indexOf('#410 churn'));
  });

  it.each([
    [[], 'No proposal is open.'],
    [sampleProposals.slice(0, 1), 'One proposal is open; none is blocked.'],
  ])('sums them up in one sentence', (open, sentence) => expect(sentenceOf(open)).toBe(sentence));
});

describe('the ledger', () => {
  it.each([
    [sampleLedger, 'All 8 lines of the ledger verify.'],
    [{ ...sampleLedger, lines: [] }, 'The ledger is empty.'],
    [
      { ...sampleLedger, problems: ['line 4 is not signed', 'line 5 does not follow line 3'] },
      '2 problems in the ledger: 8 lines verify, the rest is ignored.',
    ],
  ])('says first whether its chain holds', (view, sentence) => expect(chainSentence(view)).toBe(sentence));

  it('names what does not verify', () => {
    expect(words(ledgerRoom({ ...sampleLedger, problems: ['line 4 is not signed'] }, {}, links))).toContain(
      'line 4 is not signed',
    );
  });

  it('shows only what was asked for, and exports the same', () => {
    expect(filtered(sampleLedger.lines, { model: 'wine' }).map(({ kind }) => kind)).toEqual(['rolled-back', 'held']);
    const page = drawn(ledgerRoom(sampleLedger, { model: 'wine' }, links));
    expect(page).toContain('/ledger/export.jsonl?model=wine');
    expect(page).toContain('<option value="wine" selected>');
    expect(page).not.toContain('id="line-1"');
  });
});

describe('a model', () => {
  it('gives lines that can be pasted, whatever the record holds', () => {
    const room = sampleModelRoom(sampleFleet.models[1] as ModelView);
    const text = drawn(modelRoom(room, links)).replaceAll('&#39;', "'").replaceAll('&quot;', '"');
    expect(text).toContain(
      String.raw`-d '{"instances":[{"age":39,"workclass":"State-gov, d'\''un état","hours_per_week":40}]}'`,
    );
  });

  it('says who allowed each version, and what was never checked', () => {
    const page = words(modelRoom(sampleModelRoom(sampleFleet.models[1] as ModelView), links));
    expect(page).toContain('@reviewer-1, @reviewer-2');
    expect(page).toContain('nothing was checked');
    expect(page).toContain('/rollback income to 0.9.0 because …');
  });
});
