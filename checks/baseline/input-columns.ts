import type { Evidence } from '../evidence/evidence.ts';

/**
 * The table columns that the candidate reads: as the manifest maps them, else the graph's inputs by their own names. Undefined where
 * neither is known, or a column is a tensor.
 */
export function inputColumns(evidence: Evidence): readonly string[] | undefined {
  const { inputs } = evidence.proposal.specification;
  if (inputs.some(({ shape }) => shape !== undefined)) return undefined;
  if (inputs.length > 0) return [...new Set(inputs.flatMap(({ columns }) => columns))];
  const { session } = evidence.artifact;
  return session.kind === 'missing' ? undefined : session.value.inputs.map(({ name }) => name);
}
