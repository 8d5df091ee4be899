import type { BenchModel, BenchModelName } from './bench-models.ts';
import type { BenchCase } from './bench-requests.ts';

/** A model as every contender gets it: the same file, the same requests, the same right answers. */
export interface Served {
  readonly model: BenchModel;
  readonly name: BenchModelName;
  /** The ONNX file. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly cases: readonly BenchCase[];
}

/** Something that answers: our fleet with some settings, or a peer. It stands still between its rounds. */
export interface Contender {
  readonly name: string;
  start(served: readonly Served[]): Promise<Started>;
}

export interface Started {
  /** The process whose tree is measured. */
  readonly pid: number;
  readonly http?: { readonly host: string; readonly port: number };
  readonly grpc?: { readonly host: string; readonly port: number };
  readonly nats?: { readonly host: string; readonly port: number };
  stop(): Promise<void>;
}
