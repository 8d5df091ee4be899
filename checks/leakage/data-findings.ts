import { inputColumns } from '../baseline/input-columns.ts';
import type { EvaluationData, Evidence } from '../evidence/evidence.ts';
import { fail, inconclusive, notApplicable, pass } from '../finding.ts';
import { pointerOf } from '../manifest/pointer.ts';
import { countText, numberText, percentText, plural } from '../report/format.ts';
import type { Finding, Measured } from '../report/report.ts';
import type { Table } from '../../serving/model/table.ts';
import { findDuplicates, type Duplicates } from './duplicate-rows.ts';
import { FEWEST_ROWS, findLeaks, type Leak, SUSPICIOUS } from './label-leaks.ts';
import { outsideValues, type OutsideValues } from './outside-values.ts';

/** Does a column give the label away, were rows trained on that are evaluated on, do the data hold what the manifest says? */
export function dataRuleFindings(evidence: Evidence): readonly Finding[] {
  const { evaluation } = evidence;
  if (evaluation.kind === 'missing') return [];
  const inputs = inputColumns(evidence) ?? [];
  return [
    ...keyFindings(evidence, inputs),
    ...leakFindings(evidence, evaluation.value, inputs),
    ...duplicateFindings(evidence, evaluation.value, inputs),
    ...domainFindings(evidence, evaluation.value.table),
  ];
}

/** What tells rows apart and nothing else teaches a model its training rows by heart. */
function keyFindings({ proposal }: Evidence, inputs: readonly string[]): readonly Finding[] {
  const { key } = proposal.manifest.evaluation;
  if (key === undefined || inputs.length === 0) return [];
  const measured = { key, inputs };
  return inputs.includes(key)
    ? [
        fail('manifest/key-input', `the key ${key}, which tells whose row it is, is also an input`, measured, {
          at: proposal.place('/evaluation/key'),
          next: 'Train without it, or name the right key.',
        }),
      ]
    : [pass('manifest/key-input', `the key ${key} is none of the ${inputs.length} input columns`, measured)];
}

function leakFindings({ proposal }: Evidence, data: EvaluationData, inputs: readonly string[]): readonly Finding[] {
  const id = 'manifest/leak';
  if (inputs.length === 0) return [];
  const search = findLeaks(data, inputs);
  if (search === undefined)
    return [
      notApplicable(
        id,
        `whether an input gives the label away is asked from ${FEWEST_ROWS} rows on, with 20 of the rarest class or 20 different labels`,
        { rows: data.table.rows },
      ),
    ];
  if (search.leaks.length > 0) return search.leaks.map((leak) => leakFinding(leak, proposal));
  const { closest, columns } = search;
  const near =
    closest === undefined
      ? ''
      : `; the closest is ${closest.column} with ${nameOf(closest.measure)} ${numberText(closest.value)}`;
  return [
    pass(id, `none of ${plural(columns, 'input')} gives the label away by itself${near}`, {
      columns,
      closest: closest === undefined ? null : { ...closest },
      limit: SUSPICIOUS,
    }),
  ];
}

function nameOf(measure: 'auc' | 'r2'): string {
  return measure === 'auc' ? 'an area under the ROC curve of' : 'an R² of';
}

function leakFinding(leak: Leak, proposal: Evidence['proposal']): Finding {
  const { kind, column, rows } = leak;
  const id = `manifest/leak/${column}`;
  const at = proposal.place(pointerOf(['columns', column]));
  const next = `Find out when ${column} is known: what is written down after the outcome is not there when the model is asked. Train without it, or have it waived.`;
  switch (kind) {
    case 'copy':
      return fail(
        id,
        `the input ${column} is the label under another name: over ${plural(rows, 'row')} ${leak.how}`,
        { kind, column, rows },
        { at, next },
      );
    case 'determines':
      return fail(
        id,
        `each of the ${countText(leak.values)} values of the input ${column} comes with one class only, over ${plural(rows, 'row')}`,
        { kind, column, rows, values: leak.values },
        { at, next, advisory: true },
      );
    case 'suspicious':
      return fail(
        id,
        `the input ${column} tells the label nearly by itself: ${nameOf(leak.measure)} ${leak.value.toPrecision(5)} over ${plural(rows, 'row')}`,
        { kind, column, rows, [leak.measure]: leak.value, limit: SUSPICIOUS },
        { at, next, advisory: true },
      );
  }
}

/** Shares of evaluation rows, beyond what chance explains, that the reference holds as well: told from the one on, a failure from the other on. */
const TOLD_EXCESS = 0.01;
const FAILING_EXCESS = 0.2;
/** Evaluation rows that repeat each other are told from here on. */
const TOLD_REPEATED = 0.05;

function duplicateFindings(
  { proposal, reference }: Evidence,
  { table }: EvaluationData,
  inputs: readonly string[],
): readonly Finding[] {
  if (inputs.length === 0) return [];
  const { evaluation, drift } = proposal.manifest;
  const other = reference?.kind === 'gathered' ? reference.value : undefined;
  const isSameFile = drift.reference !== undefined && drift.reference.sha256 === evaluation.data.sha256;
  const columns = [...inputs, evaluation.label].filter(
    (name) => table.columns.has(name) && (other === undefined || other.columns.has(name)),
  );
  const found = findDuplicates(table, isSameFile ? undefined : other, columns);
  const at = proposal.place('/evaluation/data');
  return [
    repeatedFinding(found, proposal.manifest.evaluation.key, at),
    ...(isSameFile
      ? [
          inconclusive(
            'manifest/duplicates/reference',
            'the reference are the evaluation data themselves, so nobody can say whether these rows were trained on',
            { rows: table.rows },
            {
              at: proposal.place('/drift/reference'),
              advisory: true,
              next: 'Name a sample of the training data as drift.reference.',
            },
          ),
        ]
      : sharedFindings(found, at)),
  ];
}

function repeatedFinding(found: Duplicates, key: string | undefined, at: NonNullable<Finding['at']>): Finding {
  const { repeated, repeatedShare, repeatedInterval, rows, columns, against } = found;
  const id = 'manifest/duplicates/evaluation';
  const measured: Measured = {
    rows,
    repeated,
    share: repeatedShare,
    interval: [repeatedInterval.lower, repeatedInterval.upper],
    natural: against?.natural ?? null,
    columns,
  };
  const reason = `${countText(repeated)} of ${plural(rows, 'evaluation row')} (${percentText(repeatedShare)}) are there more than once`;
  // Without a reference nobody can say what is natural; with a key such rows count as one.
  const isTold = against !== undefined && key === undefined && repeatedInterval.lower - against.natural > TOLD_REPEATED;
  return isTold
    ? fail(id, `${reason}; of the reference's own rows ${percentText(against.natural)} are`, measured, {
        at,
        advisory: true,
        next: 'Name what they have in common as evaluation.key, so that they count as one, or take them out.',
      })
    : pass(id, reason, measured);
}

function sharedFindings({ against, rows, columns }: Duplicates, at: NonNullable<Finding['at']>): readonly Finding[] {
  if (against === undefined) return [];
  const { shared, share, natural, excess, interval, first, rows: reference } = against;
  const id = 'manifest/duplicates/reference';
  const measured = {
    rows,
    reference,
    shared,
    share,
    natural,
    excess,
    interval: [interval.lower, interval.upper],
    first,
    columns,
    limit: FAILING_EXCESS,
  };
  const told = `${countText(shared)} of ${plural(rows, 'evaluation row')} (${percentText(share)}) are in the reference as well; chance explains ${percentText(natural)}`;
  const next = `Take the rows that were trained on out of the evaluation data (the first is row ${first[0] ?? '—'}): a model that has seen them proves nothing on them.`;
  if (interval.lower > FAILING_EXCESS) return [fail(id, told, measured, { at, next })];
  return interval.lower > TOLD_EXCESS
    ? [fail(id, told, measured, { at, next, advisory: true })]
    : [pass(id, told, measured)];
}

const SOURCES = {
  evaluation: 'the evaluation data',
  reference: 'the reference',
  window: 'the recorded window',
} as const;
type Source = keyof typeof SOURCES;

interface Outside extends OutsideValues {
  readonly source: Source;
}

function domainFindings(evidence: Evidence, evaluation: Table): readonly Finding[] {
  const { proposal } = evidence;
  const tables = tablesOf(evidence, evaluation);
  let held = 0;
  const broken = Object.entries(proposal.manifest.columns).flatMap(([name, domain]): readonly Finding[] => {
    const looked = tables.flatMap(([source, table]): Outside[] => {
      const column = table.columns.get(name);
      const found = column === undefined ? undefined : outsideValues(column, domain);
      return found === undefined ? [] : [{ ...found, source }];
    });
    held += looked.length > 0 ? 1 : 0;
    const outside = looked.filter(({ outside: count, missesTooMuch }) => count > 0 || missesTooMuch);
    return outside.length === 0 ? [] : [domainFinding(name, domain, outside, proposal)];
  });
  if (broken.length > 0) return broken;
  return held === 0
    ? []
    : [
        pass(
          'manifest/domain',
          `all values of ${plural(held, 'declared column')} are what the manifest says they may be, in ${tables.map(([source]) => SOURCES[source]).join(', ')}`,
          { columns: held, sources: tables.map(([source, { rows }]) => ({ source, rows })) },
        ),
      ];
}

function tablesOf({ reference, drift }: Evidence, evaluation: Table): readonly (readonly [Source, Table])[] {
  const { against } = drift;
  return [
    ['evaluation', evaluation],
    ...(reference?.kind === 'gathered' ? [['reference', reference.value] as const] : []),
    ...(against.kind === 'window' && against.data.kind === 'gathered'
      ? [['window', against.data.value.table] as const]
      : []),
  ];
}

/** Blocks for the evaluation data, which come with the manifest; what others hold is told. */
function domainFinding(
  name: string,
  { min, max, values, missing }: Evidence['proposal']['manifest']['columns'][string],
  outside: readonly Outside[],
  proposal: Evidence['proposal'],
): Finding {
  const told = outside.map((each) => sentenceOf(each, missing));
  const measured = {
    declared: { min: min ?? null, max: max ?? null, values: values ?? null, missing: missing ?? null },
    ...Object.fromEntries(
      outside.map(({ source, rows, outside: count, first, missing: absent }) => [
        source,
        { rows, outside: count, first: first.map((each) => ({ ...each })), missing: absent },
      ]),
    ),
  };
  const expected =
    values === undefined
      ? rangeText(min, max)
      : `one of ${values.slice(0, VALUES_TOLD).join(', ')}${values.length > VALUES_TOLD ? ' …' : ''}`;
  const isOurs = outside.some(({ source }) => source === 'evaluation');
  return fail(
    `manifest/domain/${name}`,
    `column ${name}: ${told.join('; ')}${expected === '' ? '' : `; declared is ${expected}`}`,
    measured,
    {
      at: proposal.place(pointerOf(['columns', name])),
      advisory: !isOurs,
      next: isOurs
        ? `Correct the rows, or declare under columns.${name} what may come.`
        : `Find out why such values come, or declare under columns.${name} what may come.`,
    },
  );
}

const VALUES_TOLD = 8;

function sentenceOf({ source, rows, outside, first, missing: absent, missesTooMuch }: Outside, allowed = 0): string {
  const [example] = first;
  const values =
    outside === 0 || example === undefined
      ? []
      : [
          `${countText(outside)} of ${plural(rows, 'value')} lie outside, first ${JSON.stringify(example.found)} in row ${example.row}`,
        ];
  const gaps = missesTooMuch
    ? [
        `${countText(absent)} of ${countText(rows)} are missing (${percentText(absent / rows)}, at most ${percentText(allowed)} may)`,
      ]
    : [];
  return `in ${SOURCES[source]} ${[...values, ...gaps].join(' and ')}`;
}

function rangeText(min: number | undefined, max: number | undefined): string {
  if (min === undefined && max === undefined) return '';
  if (min === undefined) return `at most ${max}`;
  return max === undefined ? `at least ${min}` : `${min} to ${max}`;
}
