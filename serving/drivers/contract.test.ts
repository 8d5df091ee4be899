import { createHash } from 'node:crypto';
import type { RevisionTarget } from '../fleet.ts';
import { type ContractSample, fleetDriverContract } from './contract.ts';
import { createMemoryFleet } from './memory.ts';

const files = new Map(
  ['first graph', 'second graph'].map((text) => {
    const bytes = new TextEncoder().encode(text);
    return [createHash('sha256').update(bytes).digest('hex'), bytes] as const;
  }),
);
const [first = '', second = ''] = files.keys();

const sample: ContractSample = {
  model: 'income',
  first: revisionOf('1.0.0', first),
  second: revisionOf('2.0.0', second),
  files,
};

fleetDriverContract('memory', sample, async () => {
  let now = new Date('2026-11-21T10:00:00Z');
  const driver = createMemoryFleet(() => now);
  return {
    driver,
    pass: async (ms) => {
      now = new Date(now.getTime() + ms);
    },
    until: async (holds, what) => {
      if (!(await holds())) throw new Error(`never true: ${what}`);
    },
    close: async () => {},
  };
});

function revisionOf(version: string, sha256: string): RevisionTarget {
  return {
    model: 'income',
    version,
    revision: `sha256:${createHash('sha256').update(version).digest('hex')}`,
    manifest: `version: ${version}\n`,
    files: { 'model.onnx': sha256 },
    selfTests: [],
    provenance: { approvals: [], checks: [], unchecked: true },
  };
}
