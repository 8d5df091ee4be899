import { resolve } from 'node:path';
import { type BucketOptions, bucketOfUrl } from './bucket.ts';
import type { LogWriterOptions } from './log-writer.ts';

export type LogSettings = Omit<LogWriterOptions, 'socket'>;

/** What the command line says of the prediction log. */
export interface LogFlags {
  /** A folder, or `s3://bucket/prefix`; undefined: `predictions/` in the fleet's folder. */
  readonly log: string | undefined;
  /** Where segments wait for the bucket. */
  readonly spool: string | undefined;
  readonly retentionDays: string;
  readonly keepHours: string;
  readonly spoolGib: string;
}

/** Access to a bucket, by the variables that every tool for S3 reads. */
export type BucketAccess = Omit<BucketOptions, 'bucket' | 'prefix'>;

/** Throws where a flag makes no sense, or a bucket is named that cannot be reached for lack of credentials. */
export function logSettingsOf(flags: LogFlags, fleetFolder: string, access: () => BucketAccess): LogSettings {
  const retentionMs = positive('retention-days', flags.retentionDays) * DAY_MS;
  const own = `${fleetFolder}/predictions`;
  if (flags.log?.includes('://') !== true) {
    if (flags.spool !== undefined) throw new Error('--log-spool is for a log in a bucket: --log s3://bucket/prefix');
    return { folder: resolve(flags.log ?? own), retentionMs };
  }
  const place = bucketOfUrl(flags.log);
  if (place === undefined) throw new Error(`--log must be a folder or s3://bucket/prefix, found "${flags.log}"`);
  return {
    folder: resolve(flags.spool ?? own),
    retentionMs,
    upload: {
      bucket: { ...access(), ...place },
      keepMs: positive('log-keep-hours', flags.keepHours) * HOUR_MS,
      spoolLimitBytes: positive('log-spool-gib', flags.spoolGib) * GIB,
    },
  };
}

/**
 * AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY   who asks; needed
 * AWS_SESSION_TOKEN                          with credentials that expire
 * AWS_REGION, AWS_DEFAULT_REGION             us-east-1 where neither is set
 * AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL      a server that is not AWS
 */
export function bucketAccessOf(environment: Readonly<Record<string, string | undefined>>): BucketAccess {
  const given = (...names: readonly string[]): string | undefined =>
    names.map((name) => environment[name]).find((value) => value !== undefined && value !== '');
  const accessKeyId = given('AWS_ACCESS_KEY_ID');
  const secretAccessKey = given('AWS_SECRET_ACCESS_KEY');
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error('a log in a bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  const sessionToken = given('AWS_SESSION_TOKEN');
  const endpoint = given('AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL');
  if (endpoint !== undefined && !/^https?:\/\/[^/]/.test(endpoint))
    throw new Error(`AWS_ENDPOINT_URL_S3 must be a URL, found "${endpoint}"`);
  return {
    region: given('AWS_REGION', 'AWS_DEFAULT_REGION') ?? 'us-east-1',
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
    ...(endpoint === undefined ? {} : { endpoint }),
  };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const GIB = 2 ** 30;

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${flag} must be a number above 0, found "${text}"`);
  return value;
}
