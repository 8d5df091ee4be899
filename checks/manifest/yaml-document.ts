import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, type Document } from 'yaml';
import type { Place } from '../report/report.ts';
import { parentOf, pointerOf } from './pointer.ts';
import type { Problem } from './problem.ts';

/**
 * YAML as a plain value, with the place of each of its parts.
 *
 * YAML 1.2 core schema: `no` and `2027-03-01` are text, `1.0` is a number. A document is at most 1 MB and yields at most
 * 20,000 values, however it nests or repeats itself by aliases.
 */
export interface YamlDocument {
  readonly kind: 'read';
  readonly value: unknown;
  /** Where a value stands; the nearest parent that is there when it is absent. */
  place(pointer: string): Place;
  /** Where a key stands, as opposed to its value. */
  keyPlace(pointer: string): Place;
  /** The text of a scalar as it was written: `1.0` where the value is 1. */
  written(pointer: string): string | undefined;
}
export type ReadYaml = YamlDocument | { readonly kind: 'refused'; readonly problems: readonly Problem[] };

const maxCharacters = 1_000_000;
const maxValues = 20_000;
const maxDepth = 64;

export function readYaml(text: string, file: string, check: string): ReadYaml {
  const refuse = (at: Place, reason: string, found: string, expected: string, next?: string): ReadYaml => ({
    kind: 'refused',
    problems: [
      { id: `${check}/yaml`, reason, at, pointer: '', found, expected, ...(next === undefined ? {} : { next }) },
    ],
  });
  const start = { file, line: 1, column: 1 };
  if (text.length > maxCharacters) {
    const found = `${text.length} characters`;
    return refuse(start, `the file has ${found}; expected at most ${maxCharacters}`, found, `at most ${maxCharacters}`);
  }
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const control = /[^\P{Cc}\t\n\r]|\uFFFD/u.exec(source);
  if (control !== null) {
    const found = `the character U+${(source.codePointAt(control.index) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    const at = { file, ...placeOfOffset(source, control.index) };
    return refuse(at, `the file holds ${found}; expected text in UTF-8`, found, 'text in UTF-8');
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(source, {
    lineCounter: lines,
    schema: 'core',
    prettyErrors: false,
    logLevel: 'silent',
  });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const faults = [...documents].flatMap((document) => [...document.errors, ...document.warnings]);
  if (faults.length > 0) {
    const problems = faults.map((fault): Problem => {
      const explained = explain(fault.code, fault.message);
      return { id: `${check}/yaml`, at: placeAt(fault.pos[0]), pointer: '', found: fault.code, ...explained };
    });
    return { kind: 'refused', problems };
  }
  const [first, second] = [...documents];
  if (second !== undefined) {
    const at = placeAt(second.range[0]);
    return refuse(
      at,
      `the file holds ${documents.length} documents; expected one`,
      `${documents.length} documents`,
      'one document',
      'remove the line --- and what follows',
    );
  }
  if (first?.contents == null) return refuse(start, 'the file is empty; expected a mapping', 'nothing', 'a mapping');
  return walk(first, placeAt, start, refuse);
}

type Refuse = (at: Place, reason: string, found: string, expected: string, next?: string) => ReadYaml;
class Unreadable extends Error {
  readonly offset: number;
  readonly expected: string;
  constructor(offset: number, expected: string) {
    super(expected);
    this.offset = offset;
    this.expected = expected;
  }
}

function walk(document: Document.Parsed, placeAt: (offset: number) => Place, start: Place, refuse: Refuse): ReadYaml {
  const values = new Map<string, number>();
  const keys = new Map<string, number>();
  const scalars = new Map<string, string>();
  let count = 0;

  const visit = (node: Node | null | undefined, segments: readonly (string | number)[], key?: number): unknown => {
    const pointer = pointerOf(segments);
    const offset = node?.range?.[0] ?? key ?? 0;
    count += 1;
    if (count > maxValues) throw new Unreadable(offset, `at most ${maxValues} values, aliases unfolded`);
    if (segments.length > maxDepth)
      throw new Unreadable(offset, `at most ${maxDepth} levels, and no alias inside of what it names`);
    if (key !== undefined) keys.set(pointer, key);
    // A block collection starts on the line after its key; people look for the key.
    const isBlock = (isMap(node) || isSeq(node)) && node.flow !== true;
    values.set(pointer, isBlock && key !== undefined ? key : offset);
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined)
        throw new Unreadable(offset, `the alias *${node.source} to be defined above, as &${node.source}`);
      return visit(target, segments, key);
    }
    if (isMap(node)) {
      const entries = node.items.map((pair): [string, unknown] => {
        const name = isScalar(pair.key) ? (pair.key.source ?? String(pair.key.value)) : undefined;
        const keyOffset = (pair.key as Node | null)?.range?.[0] ?? offset;
        if (name === undefined) throw new Unreadable(keyOffset, 'a plain word as a key');
        if (name === '__proto__') throw new Unreadable(keyOffset, 'a key other than __proto__');
        return [name, visit(pair.value as Node | null, [...segments, name], keyOffset)];
      });
      return Object.fromEntries(entries);
    }
    if (isSeq(node)) return node.items.map((item, index) => visit(item as Node | null, [...segments, index]));
    if (!isScalar(node)) return null;
    if (node.source !== undefined) scalars.set(pointer, node.source);
    if (typeof node.value === 'object' && node.value !== null)
      throw new Unreadable(offset, 'a value without a tag of its own');
    return node.value;
  };

  try {
    const value = visit(document.contents, []);
    const nearest = (map: ReadonlyMap<string, number>, pointer: string): Place => {
      for (let at = pointer; at !== ''; at = parentOf(at)) {
        const offset = map.get(at);
        if (offset !== undefined) return placeAt(offset);
      }
      return start;
    };
    return {
      kind: 'read',
      value,
      place: (pointer) => nearest(values, pointer),
      keyPlace: (pointer) => nearest(new Map([...values, ...keys]), pointer),
      written: (pointer) => scalars.get(pointer),
    };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return refuse(
      placeAt(error.offset),
      `the file cannot be read here; expected ${error.expected}`,
      'something else',
      error.expected,
    );
  }
}

/** The parser's own messages say what it saw; these say what to do. */
function explain(code: string, message: string): { reason: string; expected: string; next?: string } {
  const first = (message.split('\n')[0] ?? message).trim();
  if (code === 'DUPLICATE_KEY')
    return { reason: 'this key stands here for the second time; expected each key once', expected: 'each key once' };
  if (code === 'TAB_AS_INDENT') return { reason: 'a tab is used as indentation; expected spaces', expected: 'spaces' };
  if (/reserved character [@`]/.test(first))
    return {
      reason: `${first}; expected quotes around it`,
      expected: 'a quoted text',
      next: 'put it in quotes',
    };
  return { reason: `this is no YAML: ${first}`, expected: 'YAML 1.2' };
}

/** 1-based line and column of an offset into a text. */
export function placeOfOffset(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  return { line, column: offset - (before.lastIndexOf('\n') + 1) + 1 };
}
