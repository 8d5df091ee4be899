import { describe, expect, it } from 'vitest';
import { runtimeVersions } from '../../serving/model/runtime-versions.ts';
import type { GraphFacts } from '../evidence/evidence.ts';
import { graphFindings } from './graph-findings.ts';

const plain: GraphFacts = {
  irVersion: 8,
  opsets: [{ domain: '', version: 17 }],
  producer: 'a test',
  operators: [{ domain: '', type: 'Gemm', count: 3 }],
  subgraphs: 0,
  functions: 0,
  parameters: 1200,
  treeNodes: 0,
  externalData: [],
  random: [],
  training: [],
  outputs: [],
  metadata: {},
};
const operator = (type: string, domain = '', count = 1) => ({ operators: [{ type, domain, count }] });

function told(facts: Partial<GraphFacts>) {
  const findings = graphFindings({
    artifact: { graph: { kind: 'gathered', value: { ...plain, ...facts } }, files: [], misfits: [] },
    proposal: { place: () => ({ file: 'model.yaml', line: 5 }) },
  });
  return new Map(findings.map((finding) => [finding.id.replace('artifact/', ''), finding]));
}

describe('what a graph says about itself', () => {
  it('is one finding with its numbers', () => {
    const { reason, measured } = told({ subgraphs: 2, treeNodes: 900 }).get('graph') ?? {};
    expect(reason).toBe('an ONNX graph of 3 nodes, 1,200 parameters, 900 nodes of trees, 2 graphs inside (ai.onnx 17)');
    expect(measured).toMatchObject({
      nodes: 3,
      parameters: 1200,
      treeNodes: 900,
      subgraphs: 2,
      loops: 0,
      quantised: 0,
    });
  });

  const dropout = { type: 'Dropout', node: 'd0', why: 'its training mode is on' };
  it.each([
    [
      'nothing that is wrong',
      {},
      { 'training-mode': 'pass blocking', random: 'pass blocking', operators: 'pass blocking' },
    ],
    [
      'a node in training mode, which blocks, and is not told twice as random',
      { training: [{ ...dropout, certain: true }], random: [dropout] },
      { 'training-mode': 'fail blocking', random: 'pass blocking' },
    ],
    [
      'a mode that only a run can tell, which is told',
      { training: [{ ...dropout, certain: false }] },
      { 'training-mode': 'inconclusive advisory' },
    ],
    ['a node that samples, which is told', { random: [dropout] }, { random: 'fail advisory' }],
    ['operators of its own', operator('Secret', 'com.example'), { operators: 'fail advisory' }],
    ['fixed scales', operator('QLinearMatMul'), { quantised: 'pass blocking' }],
    ['scales of the batch', operator('DynamicQuantizeLinear'), { quantised: 'fail advisory' }],
    ['a loop', operator('Loop'), { 'control-flow': 'inconclusive advisory' }],
    ['a branch', operator('If'), { 'control-flow': 'pass blocking' }],
    [
      'operators too new',
      { opsets: [{ domain: '', version: runtimeVersions.newestOpset + 1 }] },
      { opset: 'fail advisory' },
    ],
    ['operators too old', { opsets: [{ domain: '', version: 6 }] }, { opset: 'fail advisory' }],
    ['a format too new', { irVersion: runtimeVersions.newestIr + 1 }, { opset: 'fail advisory' }],
  ] as const)('with %s', (_, facts, expected) => {
    const findings = told(facts);
    for (const [id, verdict] of Object.entries(expected)) {
      const finding = findings.get(id);
      expect([id, `${finding?.verdict} ${finding?.severity}`]).toEqual([id, verdict]);
      expect(finding?.verdict === 'pass' || finding?.next !== undefined).toBe(true);
    }
    const besides = [...findings].filter(([id, { verdict }]) => verdict !== 'pass' && !(id in expected));
    expect(besides).toEqual([]);
  });

  it('names the node in training mode, and how to export it instead', () => {
    const finding = told({
      training: [
        { ...dropout, certain: true },
        { ...dropout, node: 'd1', certain: true },
      ],
    }).get('training-mode');
    expect(finding?.reason).toBe('Dropout at node "d0": its training mode is on, and 1 more node');
    expect([finding?.measured['nodes'], finding?.next]).toEqual([
      ['Dropout d0', 'Dropout d1'],
      expect.stringContaining('model.eval()'),
    ]);
  });

  it('says of scales of the batch that rows depend on each other', () => {
    expect(told(operator('DynamicQuantizeLinear')).get('quantised')?.reason).toContain('what it is batched with');
  });
});
