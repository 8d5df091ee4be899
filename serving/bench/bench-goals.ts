import { BARE } from './bench-context.ts';
import { type BenchReport, type Spread, differenceOf, figureOf, ratioOf, rowOf } from './bench-report.ts';
import { peers } from './contender-peer.ts';
import type { Measurement } from './measured.ts';
import { LOG_LOAD } from './part-load.ts';
import { OURS } from './part-small.ts';

/** What serving set out to reach, and what a report says of it. */
export interface Goal {
  readonly says: string;
  /** Of the median. */
  readonly isMet: (median: number) => boolean;
  readonly measured: (report: BenchReport) => Spread | undefined;
  readonly unit: 'times' | 'ms' | 'µs' | 'share' | 'percent';
}

const AT_64 = 'JSON, 64 connections';
const AT_8 = 'JSON, 8 connections';
const ONE_ROW = 'one row a run';

const overPeer =
  (peer: keyof typeof peers, load = AT_64, part = 'small') =>
  (report: BenchReport): Spread | undefined =>
    ratioOf(rowOf(report, part, OURS.one, load), rowOf(report, part, peers[peer].name, load));

const ofBare =
  (part: string, load: string, ours: string = OURS.one, bare: string = BARE) =>
  (report: BenchReport): Spread | undefined =>
    ratioOf(rowOf(report, part, ours, load), rowOf(report, part, bare, ONE_ROW));

const logCost =
  (figure: 'cpuMicrosPerRequest' | 'servingMicrosPerRequest') =>
  (report: BenchReport): Spread | undefined =>
    differenceOf(
      rowOf(report, 'log', OURS.one, LOG_LOAD),
      rowOf(report, 'log', OURS.noLog, LOG_LOAD),
      (measurement) => measurement[figure],
    );

const least = (limit: number) => (median: number) => median >= limit;
const most = (limit: number) => (median: number) => median <= limit;

export const goals: readonly Goal[] = [
  {
    says: 'small model, JSON, 64 connections, one replica: at least 20 × FastAPI as people write it',
    isMet: least(20),
    measured: overPeer('fastapi'),
    unit: 'times',
  },
  {
    says: '… at least 7 × FastAPI tuned, one worker',
    isMet: least(7),
    measured: overPeer('fastapi-tuned'),
    unit: 'times',
  },
  { says: '… at least 10 × MLServer', isMet: least(10), measured: overPeer('mlserver'), unit: 'times' },
  { says: '… at least 50 × BentoML', isMet: least(50), measured: overPeer('bentoml'), unit: 'times' },
  {
    says: 'small model, JSON, 8 connections, one replica: p99 at most 2 ms',
    isMet: most(2),
    measured: (report) => figureOf(rowOf(report, 'small', OURS.one, AT_8), ({ p99Ms }) => p99Ms),
    unit: 'ms',
  },
  {
    says: 'encoder, 8 connections: two replicas at least 1.7 × one',
    isMet: least(1.7),
    measured: (report) => ratioOf(rowOf(report, 'encoder', OURS.two, AT_8), rowOf(report, 'encoder', OURS.one, AT_8)),
    unit: 'times',
  },
  {
    says: 'encoder, 8 connections, one replica: at least 0.95 of `session.run` alone',
    isMet: least(0.95),
    measured: ofBare('encoder', AT_8),
    unit: 'share',
  },
  {
    says: 'CNN, binary tensors, 8 connections, one replica: at least 0.95 of `session.run` alone',
    isMet: least(0.95),
    measured: ofBare('cnn', 'binary, 8 connections'),
    unit: 'share',
  },
  {
    says: 'gRPC `ModelInfer`, 64 in flight: at least 4 × Python grpc.aio',
    isMet: least(4),
    measured: overPeer('grpc-aio', 'gRPC, 64 in flight', 'grpc'),
    unit: 'times',
  },
  {
    says: 'prediction log: at most 6 µs of processor time a row, its writer included',
    isMet: most(6),
    measured: logCost('cpuMicrosPerRequest'),
    unit: 'µs',
  },
  {
    says: '… at most 1 µs of it in the serving process',
    isMet: most(1),
    measured: logCost('servingMicrosPerRequest'),
    unit: 'µs',
  },
  {
    says: '… at most 3 % of the encoder’s throughput',
    isMet: most(3),
    measured: (report) =>
      percentLost(ratioOf(rowOf(report, 'encoder', OURS.one, AT_8), rowOf(report, 'encoder', OURS.noLog, AT_8))),
    unit: 'percent',
  },
];

function percentLost(ratio: Spread | undefined): Spread | undefined {
  if (ratio === undefined) return undefined;
  const lost = (share: number): number => 100 * (1 - share);
  return { median: lost(ratio.median), least: lost(ratio.most), most: lost(ratio.least) };
}

/** What a request costs beyond the run of its model: processor time of a request, less that of one run alone, round by round. In µs. */
export function overheadOf(report: BenchReport, part: string, contender: string, load: string): Spread | undefined {
  return differenceOf(rowOf(report, part, contender, load), rowOf(report, part, BARE, ONE_ROW), cpu);
}

const cpu = ({ cpuMicrosPerRequest }: Measurement): number | undefined => cpuMicrosPerRequest;
