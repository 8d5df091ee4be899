import type { ObservedLog } from '../fleet.ts';
import type { Exposed } from './exposition.ts';
import type { Metric } from './metric.ts';

type Upload = NonNullable<ObservedLog['upload']>;

/** What becomes of the prediction log behind the replicas: its writer, and the bucket where there is one. */
export const LOG_METRICS: readonly Metric<Exposed>[] = [
  ofLog('slipway_log_up', 'gauge', 'Whether the prediction log is written: 1 or 0', ({ failing }) =>
    failing === undefined ? 1 : 0,
  ),
  ofLog(
    'slipway_log_lost_rows_total',
    'counter',
    'Rows of the prediction log that the disk did not take',
    (log) => log.lost,
  ),
  ofLog(
    'slipway_log_writer_cpu_seconds_total',
    'counter',
    'CPU time of the process that writes the prediction log',
    (log) => log.cpuMs / MS_A_SECOND,
  ),
  ofUpload('slipway_log_pending_files', 'gauge', 'Files of the log that wait for the bucket', ({ pending }) => pending),
  ofUpload(
    'slipway_log_pending_bytes',
    'gauge',
    'Bytes of the log that wait for the bucket',
    (each) => each.pendingBytes,
  ),
  ofUpload(
    'slipway_log_uploaded_total',
    'counter',
    'Files of the log that the bucket has taken',
    (each) => each.uploaded,
  ),
  ofUpload('slipway_log_upload_failures_total', 'counter', 'Uploads of the log that failed', (each) => each.failures),
  ofUpload(
    'slipway_log_abandoned_total',
    'counter',
    'Segments given up, since more waited for the bucket than may',
    (each) => each.abandoned,
  ),
];

const MS_A_SECOND = 1000;

function ofLog(
  name: string,
  type: Metric<Exposed>['type'],
  help: string,
  value: (log: ObservedLog) => number,
): Metric<Exposed> {
  return {
    name,
    type,
    help,
    samples: ({ fleet: { log } }) => (log === undefined ? [] : [{ labels: {}, value: value(log) }]),
  };
}

function ofUpload(
  name: string,
  type: Metric<Exposed>['type'],
  help: string,
  value: (upload: Upload) => number,
): Metric<Exposed> {
  return {
    name,
    type,
    help,
    samples: ({ fleet: { log } }) => (log?.upload === undefined ? [] : [{ labels: {}, value: value(log.upload) }]),
  };
}
