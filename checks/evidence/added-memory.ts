import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openSession } from '../../serving/model/session.ts';
import { recordAt } from '../../serving/model/record-at.ts';
import type { Table } from '../../serving/model/table.ts';
import { tableOfRecords } from '../../serving/model/records.ts';
import type { ModelJob } from './job.ts';
import { answerBatch, openModel, type OpenModel } from './open-model.ts';

/** A graph of one Identity (opset 13, float [1]), as onnx.helper.make_model writes it. */
const IDENTITY = 'CAgSADo3ChAKAXgSAXkiCElkZW50aXR5EgFnWg8KAXgSCgoICAESBAoCCAFiDwoBeRIKCggIARIECgIIAUIECgAQDQ==';
/** Single rows that are asked before looking, after a batch: buffers have their size then. */
const WARMING_RUNS = 5;

/**
 * Resident memory that loading a model and warming it up adds to this process, in bytes. Asked in a process of its own, which has loaded the runtime
 * with a graph of nothing before: what the runtime and this program take is not the model's.
 */
export async function addedMemory(job: ModelJob, rows: Table): Promise<number> {
  const nothing = await openSession({ model: Buffer.from(IDENTITY, 'base64') });
  const before = residentBytes();
  const fit = await openModel(job);
  if (fit.kind === 'misfit') throw new Error('the model fitted before and does not now');
  await warmUp(fit.model, rows);
  const added = residentBytes() - before;
  await fit.model.session.close();
  await nothing.close();
  return Math.max(0, added);
}

async function warmUp(model: OpenModel, rows: Table): Promise<void> {
  const batch = Math.min(rows.rows, model.batch);
  await answerBatch(model, rows, 0, batch);
  for (let run = 0; run < Math.min(WARMING_RUNS, rows.rows); run++) {
    const read = tableOfRecords(model.signature, [recordAt(rows, run, model.signature)]);
    if (read.kind === 'table') await answerBatch(model, read.table, 0, 1);
  }
}

/** After garbage was collected, so that this program's own is not counted. */
function residentBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  return process.memoryUsage.rss();
}
