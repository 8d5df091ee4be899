import type { BenchContext } from './bench-context.ts';
import type { Row } from './bench-report.ts';
import { logPart, openPart } from './part-load.ts';
import { cnnPart, encoderPart } from './part-long.ts';
import { grpcPart, natsPart } from './part-protocols.ts';
import { smallPart, treesPart } from './part-small.ts';

export interface Part {
  readonly title: string;
  readonly run: (context: BenchContext) => Promise<readonly Row[]>;
}

/** Every part of the bench by the name that `--only` takes, in the order of the report. */
export const parts = {
  small: { title: 'Small model (MLP 30-64-64-2), one row a request', run: smallPart },
  trees: { title: 'Tree ensemble (100 trees of depth 6), one row a request', run: treesPart },
  encoder: { title: 'Encoder (4 layers, width 256, 64 tokens)', run: encoderPart },
  cnn: { title: 'CNN (ResNet-18, 3 × 224 × 224), binary tensors of 602 kB', run: cnnPart },
  grpc: { title: 'gRPC ModelInfer, small model, raw tensors', run: grpcPart },
  nats: { title: 'NATS request and reply, small model, JSON', run: natsPart },
  open: { title: 'Open loop: callers who come at their own times (Poisson), small model', run: openPart },
  log: { title: 'What the prediction log costs', run: logPart },
} as const satisfies Record<string, Part>;

export type PartName = keyof typeof parts;
