import type { Table } from '../../serving/model/table.ts';
import type { Evidence } from '../evidence/evidence.ts';
import { fail, pass } from '../finding.ts';
import { pointerOf } from '../manifest/pointer.ts';
import { countText, percentText, plural } from '../report/format.ts';
import type { Finding } from '../report/report.ts';
import { outsideValues, type OutsideValues } from './outside-values.ts';

const SOURCES = {
  evaluation: 'the evaluation data',
  reference: 'the reference',
  window: 'the recorded window',
} as const;
type Source = keyof typeof SOURCES;

interface Outside extends OutsideValues {
  readonly source: Source;
}

/** Do the evaluation data, the reference and the recorded window hold what the manifest says that they may? */
export function domainFindings(evidence: Evidence, evaluation: Table): readonly Finding[] {
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
