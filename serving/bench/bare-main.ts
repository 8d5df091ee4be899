import { openSession } from '../model/session.ts';
import type { Tensor } from '../model/tensor.ts';
import type { BareAnswer, BareMessage } from './contender-bare.ts';

/** Nothing but the model: one session, one run after the other. Ends with its parent. */
let job: ((seconds: number, rows: number) => Promise<BareAnswer>) | undefined;

process.on('disconnect', () => process.exit(0));
process.on('message', (message: BareMessage) => {
  const told =
    message.kind === 'model'
      ? load(message)
      : (job?.(message.seconds, message.rows) ?? Promise.reject(new Error('a job before its model')));
  told.then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

async function load({ file, input, tensors }: Extract<BareMessage, { readonly kind: 'model' }>): Promise<BareAnswer> {
  const session = await openSession({ model: file });
  job = async (seconds, rows) => {
    const feeds = batchesOf(tensors, rows).map((tensor) => new Map([[input, tensor]]));
    for (const feed of feeds) await session.run(feed);
    const [started, cpu] = [performance.now(), process.cpuUsage()];
    let runs = 0;
    while (performance.now() - started < seconds * 1000) {
      const feed = feeds[runs % feeds.length];
      if (feed !== undefined) await session.run(feed);
      runs += 1;
    }
    const { user, system } = process.cpuUsage(cpu);
    return { perSecond: runs / ((performance.now() - started) / 1000), cpuMicros: (user + system) / runs };
  };
  return { perSecond: 0, cpuMicros: 0 };
}

/** Tensors of one row, joined into some of so many rows. */
function batchesOf(tensors: readonly Tensor[], rows: number): readonly Tensor[] {
  if (rows === 1) return tensors;
  const [first] = tensors;
  if (first === undefined || !(first.data instanceof Float32Array)) throw new Error('batches are made of FP32 tensors');
  const size = first.data.length;
  const data = new Float32Array(size * rows);
  for (let row = 0; row < rows; row++) {
    const from = tensors[row % tensors.length]?.data;
    if (from instanceof Float32Array) data.set(from, row * size);
  }
  return [{ datatype: 'FP32', shape: [rows, ...first.shape.slice(1)], data }];
}
