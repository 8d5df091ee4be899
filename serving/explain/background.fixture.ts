import { readFileSync } from 'node:fs';
import { BACKGROUND_FILE, type Background } from '../../checks/explain/background.ts';
import { sha256Of } from '../daemon/loans.fixture.ts';
import type { RevisionTarget } from '../fleet.ts';

const TEXT = new Set(['region', 'group']);
const LEFT_OUT = new Set(['row_id', 'defaulted']);

/** Rows of the made-up loans as records, from 0. */
export function loansRecords(from: number, to: number): Background['rows'] {
  const text = readFileSync(new URL('../../fixtures/loans/data/evaluation.csv', import.meta.url), 'utf8');
  const [head = '', ...lines] = text.trim().split('\n');
  const names = head.split(',');
  return lines.slice(from, to).map((line) => {
    const values = line.split(',');
    const cells = names.map((name, k) => [name, TEXT.has(name) ? (values[k] ?? '') : Number(values[k])] as const);
    return Object.fromEntries(cells.filter(([name]) => !LEFT_OUT.has(name)));
  });
}

/** Rows 20 to 39, against which checks/explain/oracle/shap-tables.json explains. */
export function loansBackground(): Uint8Array {
  const background: Background = { rows: loansRecords(20, 40), dataRows: 2000 };
  return Buffer.from(JSON.stringify(background));
}

/** A revision with these rows to explain against. */
export function explainable(target: RevisionTarget, background: Uint8Array): RevisionTarget {
  return { ...target, files: { ...target.files, [BACKGROUND_FILE]: sha256Of(background) } };
}
