/** The log's own columns beside those of the model; an input of the same name keeps it, and ours is then called `slipway_…`. */
export const OWN_COLUMNS = {
  time: 'TIMESTAMP',
  id: 'STRING',
  row: 'INT32',
  model: 'STRING',
  version: 'STRING',
  revision: 'STRING',
  digest: 'STRING',
  arm: 'STRING',
  shadow: 'BOOLEAN',
  status: 'INT32',
  latency_ms: 'DOUBLE',
  score: 'DOUBLE',
  class: 'STRING',
  flags: 'STRING',
  input_bytes: 'INT32',
  input_digest: 'STRING',
  input_shape: 'STRING',
} as const;
export type OwnColumn = keyof typeof OWN_COLUMNS;

/** A label that came later, joined when the log is read. */
export const FEEDBACK_COLUMN = 'feedback';

/** Every name in a recorded row that is not the caller's. */
export const ownColumnNames: readonly string[] = [...Object.keys(OWN_COLUMNS), FEEDBACK_COLUMN];
