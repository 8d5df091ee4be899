import { loansRecord } from '../daemon/loans.fixture.ts';

/** The record that every loans model can answer, as tensors of one row. */
export const loansInputs = Object.entries(loansRecord).map(([name, value]) => ({
  name,
  datatype: typeof value === 'string' ? 'BYTES' : 'FP32',
  shape: [1, 1],
  data: [value],
}));
