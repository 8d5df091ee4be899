import type { ColumnProfile, NumberProfile, Profile } from './profile.ts';

export type ParsedProfile =
  | { readonly kind: 'profile'; readonly profile: Profile }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** A profile's text, checked wholly: a file that was changed by hand must not become wrong numbers. Every problem with its JSON pointer. */
export function parseProfile(text: string): ParsedProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refused([`not JSON: ${error instanceof Error ? error.message : String(error)}`]);
  }
  if (!isRecord(value) || value['kind'] !== 'slipway.profile')
    return refused(['/kind: expected "slipway.profile": this is no profile']);
  if (value['version'] !== 1)
    return refused([`/version: found ${JSON.stringify(value['version'])}, this program reads version 1`]);
  const problems = [...headProblems(value), ...columnProblems(value)];
  // Everything that is read of it was looked at just now.
  return problems.length > 0 ? refused(problems) : { kind: 'profile', profile: value as unknown as Profile };
}

/** Whether a file that begins like this is meant to be a profile. */
export function looksLikeProfile(start: string): boolean {
  return /^\s*\{\s*"kind"\s*:\s*"slipway\.profile"/.test(start);
}

function refused(problems: readonly string[]): ParsedProfile {
  return { kind: 'refused', problems };
}

type Json = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'number' && Number.isFinite(each));
}
function isAscending(values: readonly number[], strictly: boolean): boolean {
  return values.every(
    (value, i) => i === 0 || (strictly ? value > (values[i - 1] ?? 0) : value >= (values[i - 1] ?? 0)),
  );
}

function headProblems({ rows, columns, left, digest }: Json): readonly string[] {
  const problems: string[] = [];
  if (!isCount(rows) || rows === 0) problems.push('/rows: expected a whole number above 0');
  if (!Array.isArray(columns) || columns.length === 0) problems.push('/columns: expected columns');
  if (!Array.isArray(left)) problems.push('/left: expected a list');
  if (digest !== undefined && !(typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest)))
    problems.push('/digest: expected a SHA-256');
  return problems;
}

function columnProblems({ rows, columns, sample }: Json): readonly string[] {
  if (!Array.isArray(columns)) return [];
  if (!isRecord(sample)) return ['/sample: expected values by column'];
  const lengths = new Set<number>();
  const names = new Set<string>();
  const problems = columns.flatMap((column: unknown, at): readonly string[] => {
    const pointer = `/columns/${at}`;
    if (!isRecord(column) || typeof column['name'] !== 'string') return [`${pointer}/name: expected a name`];
    const { name } = column;
    if (names.has(name)) return [`${pointer}/name: "${name}" is there twice`];
    names.add(name);
    const cells = sample[name];
    if (!Array.isArray(cells)) return [`/sample/${name}: expected a value a row`];
    lengths.add(cells.length);
    const known = isCount(column['missing']) ? Number(rows) - column['missing'] : NaN;
    return contentProblems(column as unknown as ColumnProfile, known).map((problem) => `${pointer}${problem}`);
  });
  return lengths.size > 1 ? [...problems, '/sample: expected as many values in every column'] : problems;
}

/** `known` is how many rows must have a value. */
function contentProblems(column: ColumnProfile, known: number): readonly string[] {
  if (column.type === 'number') return knotProblems(column.knots, known);
  if (column.type !== 'category') return ['/type: expected number or category'];
  const { values, counts } = column;
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'string')) return ['/values: expected texts'];
  if (!Array.isArray(counts) || counts.length !== values.length || !counts.every(isCount))
    return ['/counts: expected a count a value'];
  return counts.reduce((sum, count) => sum + count, 0) === known ? [] : ['/counts: they do not add up to the rows'];
}

function knotProblems(knots: NumberProfile['knots'] | undefined, known: number): readonly string[] {
  if (!isRecord(knots) || !isNumbers(knots.values) || !isAscending(knots.values, true))
    return ['/knots/values: expected ascending numbers'];
  const { below, atMost, values } = knots;
  if (![below, atMost].every((counts) => isNumbers(counts) && counts.length === values.length && counts.every(isCount)))
    return ['/knots: expected counts below and at most each value'];
  const steps = values.flatMap((_, k) => [below[k] ?? 0, atMost[k] ?? 0]);
  if (!isAscending(steps, false) || (below[0] ?? 0) !== 0) return ['/knots: the counts must not fall'];
  return (atMost.at(-1) ?? 0) === known ? [] : ['/knots/atMost: they do not add up to the rows'];
}
