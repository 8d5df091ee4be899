import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { LedgerEvent, LedgerLine } from './ledger.ts';
import type { LedgerKey, LedgerVerifier } from './ledger-key.ts';

/**
 * The chain: each line is the canonical JSON (RFC 8785) of an event with its `sequence` (from 1) and `previous`, the SHA-256
 * of the line before without its signature; the signature is over the same text. A line that was changed, forged, moved or
 * left out shows.
 */
export const chainStart = '0'.repeat(64);

/** Where a day's lines stand: `2026/11/21.jsonl`. Days are read in the order of their names. */
export const ledgerDayFile = /^\d{4}\/\d{2}\/\d{2}\.jsonl$/;

/** Lines for new events at the end of a chain. */
export function extendChain(
  chain: readonly LedgerLine[],
  events: readonly LedgerEvent[],
  key: LedgerKey,
): readonly LedgerLine[] {
  const added: LedgerLine[] = [];
  let last = chain.at(-1);
  for (const event of events) {
    const unsigned = {
      ...event,
      sequence: (last?.sequence ?? 0) + 1,
      previous: last === undefined ? chainStart : lineDigest(last),
    };
    last = { ...unsigned, signature: key.sign(signedText(unsigned)) };
    added.push(last);
  }
  return added;
}

export interface Verified {
  readonly lines: readonly LedgerLine[];
  /** One sentence each, with the place. */
  readonly problems: readonly string[];
}

/**
 * The lines that the App wrote, in order. What is not signed by it is told and left out; a gap or a wrong link between
 * signed lines is told, and the lines after it are kept, since the App did write them.
 */
export function verifyChain(
  files: readonly { readonly path: string; readonly text: string }[],
  key: LedgerVerifier,
): Verified {
  const lines: LedgerLine[] = [];
  const problems: string[] = [];
  for (const { place, text } of files.flatMap(placedLines)) {
    const line = parseLine(text);
    if (line === undefined) problems.push(`${place}: not a ledger line`);
    else if (!isSigned(line, key)) problems.push(`${place}: not signed by the App; ignored`);
    else {
      const broken = linkProblem(lines.at(-1), line);
      if (broken === 'repeated') problems.push(`${place}: line ${line.sequence} stands a second time; ignored`);
      else {
        if (broken !== undefined) problems.push(`${place}: ${broken}`);
        lines.push(line);
      }
    }
  }
  return { lines, problems };
}

export function lineText(line: LedgerLine): string {
  return canonical(line);
}

/** Hex SHA-256 of a line without its signature. */
export function lineDigest(line: LedgerLine): string {
  const { signature: _, ...unsigned } = line;
  return createHash('sha256').update(signedText(unsigned)).digest('hex');
}

function linkProblem(before: LedgerLine | undefined, line: LedgerLine): string | undefined {
  if (before !== undefined && line.sequence <= before.sequence) return 'repeated';
  const expected = (before?.sequence ?? 0) + 1;
  if (line.sequence !== expected)
    return `line ${expected} was expected and ${line.sequence} found: ${line.sequence - expected} missing before it`;
  const previous = before === undefined ? chainStart : lineDigest(before);
  return line.previous === previous ? undefined : `line ${line.sequence} does not continue the line before it`;
}

function isSigned(line: LedgerLine, key: LedgerVerifier): boolean {
  const { signature, ...unsigned } = line;
  return key.verify(signedText(unsigned), signature);
}

function signedText(unsigned: Omit<LedgerLine, 'signature'>): string {
  return canonical(unsigned);
}

function canonical(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new Error('a ledger line is always serialisable');
  return text;
}

function placedLines(file: { readonly path: string; readonly text: string }) {
  return file.text
    .split('\n')
    .map((text, index) => ({ place: `${file.path}:${index + 1}`, text }))
    .filter(({ text }) => text.trim() !== '');
}

function parseLine(text: string): LedgerLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return isLedgerLine(value) ? value : undefined;
}

const textFields = ['kind', 'key', 'at', 'actor', 'previous', 'signature'];

/** Looks at what the chain itself needs; the rest was checked when the App, whose signature is verified next, wrote it. */
function isLedgerLine(value: unknown): value is LedgerLine {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Record<string, unknown> = { ...value };
  return textFields.every((name) => typeof fields[name] === 'string') && typeof fields['sequence'] === 'number';
}
