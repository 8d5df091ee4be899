import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readOnnxGraph, togetherOf } from './onnx-graph.ts';

const shared = join(import.meta.dirname, '../../../shared/data');

/** Protobuf by hand: a field of bytes, and a field of one number below 128. */
const bytes = (number: number, ...content: readonly (readonly number[])[]): readonly number[] => {
  const flat = content.flat();
  const length = flat.length < 128 ? [flat.length] : [(flat.length & 0x7f) | 0x80, flat.length >> 7];
  return [
    number < 16 ? number * 8 + 2 : ((number * 8 + 2) & 0x7f) | 0x80,
    ...(number < 16 ? [] : [(number * 8 + 2) >> 7]),
    ...length,
    ...flat,
  ];
};
const small = (number: number, value: number): readonly number[] => [number * 8, value];
const text = (number: number, value: string): readonly number[] => bytes(number, [...Buffer.from(value)]);
const model = (...graph: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([...small(1, 8), ...bytes(7, ...graph)]);
const facts = (file: Uint8Array) => {
  const read = readOnnxGraph(file);
  if (read.kind === 'refused') throw new Error(read.reason);
  return read.facts;
};

describe('an ONNX file', () => {
  it('counts operators in subgraphs of attributes as well', () => {
    const inner = bytes(1, text(4, 'RandomNormalLike'), text(3, 'noise'));
    const node = bytes(1, text(4, 'If'), bytes(5, text(1, 'then_branch'), bytes(6, inner)));
    expect(facts(model(node))).toMatchObject({
      operators: [
        { domain: '', type: 'If', count: 1 },
        { domain: '', type: 'RandomNormalLike', count: 1 },
      ],
      random: [{ type: 'RandomNormalLike', node: 'noise', why: expect.stringContaining('without a seed') }],
    });
  });

  it('finds Dropout whose training mode is a true constant, by initializer or Constant node, and no other', () => {
    const dropout = (mode: string) =>
      bytes(1, text(1, 'x'), text(1, ''), text(1, mode), text(4, 'Dropout'), text(3, `d-${mode}`));
    const truth = (name: string, value: number) => bytes(5, small(2, 9), bytes(9, [value]), text(8, name));
    const constant = bytes(
      1,
      text(4, 'Constant'),
      text(2, 'made'),
      bytes(5, text(1, 'value'), bytes(5, small(2, 9), bytes(9, [1]))),
    );
    const read = facts(
      model(truth('on', 1), truth('off', 0), constant, dropout('on'), dropout('off'), dropout('made'), dropout('fed')),
    );
    expect(read.random.map(({ node }) => node)).toEqual(['d-on', 'd-made']);
  });

  it('notes where external data lie, also of tensors inside attributes', () => {
    const external = (location: string) => [...bytes(13, text(1, 'location'), text(2, location)), ...small(14, 1)];
    const read = facts(
      model(
        bytes(5, external('w.bin')),
        bytes(1, text(4, 'Constant'), bytes(5, text(1, 'value'), bytes(5, external('../up.bin')))),
      ),
    );
    expect(read.externalData).toEqual(['w.bin', '../up.bin']);
  });

  it('that comes in several parts is read as the runtime merges it: no part hides another', () => {
    const dropout = bytes(1, text(1, 'x'), text(1, ''), text(1, 'on'), text(4, 'Dropout'), text(3, 'd'));
    const truth = bytes(5, small(2, 9), bytes(9, [1]), text(8, 'on'));
    const outside = bytes(5, bytes(13, text(1, 'location'), text(2, '/etc/passwd')), small(14, 1));
    const file = Uint8Array.from([...model(dropout, outside), ...bytes(7, truth), ...bytes(7, text(2, 'g'))]);
    expect(facts(file)).toMatchObject({ externalData: ['/etc/passwd'], training: [{ node: 'd', certain: true }] });
  });

  it('and the graph of features before it are judged as one', () => {
    const node = (type: string) => bytes(1, text(4, type), text(3, type));
    const tensor = bytes(5, small(1, 7), small(2, 1));
    const both = togetherOf(
      facts(model(node('Relu'), node('Gemm'), tensor)),
      facts(model(node('Relu'), node('Bernoulli'), tensor)),
    );
    expect(both).toMatchObject({ parameters: 14, random: [{ node: 'Bernoulli' }] });
    expect(Object.fromEntries(both.operators.map(({ type, count }) => [type, count]))).toEqual({
      Relu: 2,
      Gemm: 1,
      Bernoulli: 1,
    });
  });

  it('nested without end is refused before the stack is', () => {
    let graph: readonly number[] = [];
    for (let depth = 0; depth < 80; depth++) graph = bytes(1, text(4, 'If'), bytes(5, bytes(6, graph)));
    expect(readOnnxGraph(model(graph))).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('nested deeper than 64'),
    });
  });

  it.each([
    ['nothing', Uint8Array.of(), /empty/],
    ['a Git LFS pointer', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /Git LFS pointer/],
    ['text', Buffer.from('hello, world'), /not a readable ONNX model|no graph/],
    ['a model without a graph', Uint8Array.from(small(1, 8)), /holds no graph/],
    ['a length beyond the end', Uint8Array.of(8, 8, 58, 200, 1, 0), /200 bytes long, but only 1 are left/],
    ['a number without an end', new Uint8Array(20).fill(0xff), /longer than 10 bytes/],
  ])('that is %s is refused with the reason', (_, file, reason) => {
    expect(readOnnxGraph(file)).toMatchObject({ kind: 'refused', reason: expect.stringMatching(reason) });
  });

  it('of arbitrary bytes is read or refused, and never thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (file) => {
        expect(['graph', 'refused']).toContain(readOnnxGraph(file).kind);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe.skipIf(!existsSync(shared))('every model of the shared data', () => {
  const files = existsSync(shared)
    ? readdirSync(shared, { recursive: true, encoding: 'utf8' }).filter(
        (file) => file.endsWith('model.onnx') || /(adult|bike|loans)\/models\/.*\.onnx$/.test(file),
      )
    : [];

  it.each(files)('%s is read, whole or with any one byte changed or cut off', (file) => {
    const bytesOfFile = readFileSync(join(shared, file));
    expect(readOnnxGraph(bytesOfFile).kind).toBe('graph');
    const every = Math.max(1, Math.floor(bytesOfFile.length / 40));
    for (let at = 0; at < bytesOfFile.length; at += every) {
      const changed = Uint8Array.from(bytesOfFile);
      changed[at] = (changed[at] ?? 0) ^ 0xff;
      expect(['graph', 'refused']).toContain(readOnnxGraph(changed).kind);
      expect(['graph', 'refused']).toContain(readOnnxGraph(bytesOfFile.subarray(0, at)).kind);
    }
  });
});
